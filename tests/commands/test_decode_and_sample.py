"""vae-explorer decode and sample: the pictures they write."""

import numpy as np
import pytest
import torch
from PIL import Image

from vae_explorer.training import model_file


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.mark.parametrize("z", ["-1.5,2", "0,0", "-1e-3,-.5", " 1, -2"])
def test_decode_writes_the_mean_image(call, model, tmp_path, z):
    answer = call("decode", model, "--z", z, "--out", tmp_path / "x.png", "--json")
    assert answer.code == 0
    values = [float(value) for value in z.split(",")]
    assert answer.json == {"out": str(tmp_path / "x.png"), "z": values}
    with torch.no_grad():
        mean = model_file.load(model)[0].decode(torch.tensor([values])).mean[0, 0].numpy()
    assert np.abs(pixels(tmp_path / "x.png") / 255 - mean).max() <= 0.51 / 255


def test_decode_with_draw_gives_black_and_white_by_the_seed(call, model, tmp_path):
    drawn = []
    for seed in (0, 0, 1):
        call("decode", model, "--z", "1,1", "--draw", "--seed", seed, "--out", tmp_path / "x.png")
        drawn.append(pixels(tmp_path / "x.png"))
    assert set(np.unique(drawn[0])) <= {0, 255}
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_decode_with_a_wrong_count_fails(call, model, tmp_path):
    answer = call("decode", model, "--z", "-1,2,3", "--out", tmp_path / "x.png")
    assert (answer.code, answer.sentence) == (1, "This model has 2 latent dimensions; --z has 3 numbers")
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize("z", ["a,b", "", "1,,2", "nan,1", "inf,1", "1e39,0"])
def test_decode_takes_finite_numbers_only(call, model, tmp_path, z):
    answer = call("decode", model, "--z", z, "--out", tmp_path / "x.png")
    assert answer.code == 2
    assert answer.sentence.startswith("--z takes ")


def test_pictures_go_only_where_there_is_a_folder(call, model, tmp_path):
    answer = call("decode", model, "--z", "0,0", "--out", tmp_path / "none" / "x.png")
    assert (answer.code, answer.sentence) == (
        1,
        f"There is no folder {tmp_path / 'none'} to write x.png in: make it first",
    )
    answer = call("sample", model, "--out", tmp_path)
    assert answer.code == 1
    assert answer.sentence == f"{tmp_path} could not be written (is a directory): choose another folder, or make room"
    assert not list(tmp_path.parent.glob(".vae-explorer-*"))


def test_sample_decodes_z_from_the_prior(call, model, tmp_path):
    answer = call("sample", model, "--count", 1000, "--out", tmp_path / "grid.png", "--json")
    assert answer.code == 0
    assert list(answer.json) == ["out", "count", "z"]
    z = np.array(answer.json["z"])
    assert z.shape == (1000, 2)
    assert z.mean(0) == pytest.approx([0, 0], abs=0.15)
    assert z.std(0) == pytest.approx([1, 1], abs=0.1)
    assert (tmp_path / "grid.png").is_file()


def test_sample_is_one_picture_with_count_one_and_follows_seed_and_temperature(call, model, tmp_path):
    def z(*flags):
        return np.array(call("sample", model, "--count", 3, *flags, "--out", tmp_path / "x.png", "--json").json["z"])

    assert np.array_equal(z("--seed", 4), z("--seed", 4))
    assert not np.array_equal(z("--seed", 4), z("--seed", 5))
    assert z("--temperature", 0.5) == pytest.approx(0.5 * z())
    assert not z("--temperature", 0).any()
    call("sample", model, "--count", 1, "--temperature", 0, "--out", tmp_path / "sample.png")
    call("decode", model, "--z", "0,0", "--out", tmp_path / "decode.png")
    assert np.array_equal(pixels(tmp_path / "sample.png"), pixels(tmp_path / "decode.png"))


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--count", "0"], "--count must be at least 1, got 0"),
        (["--count", "20000"], "--count must be at most 10,000, got 20000"),
        (["--temperature", "-1"], "--temperature must be at least 0, got -1.0"),
        (["--temperature", "nan"], "--temperature must be at least 0, got nan"),
    ],
)
def test_sample_refuses_what_has_no_meaning(call, model, tmp_path, flags, sentence):
    answer = call("sample", model, "--out", tmp_path / "x.png", *flags)
    assert (answer.code, answer.sentence) == (2, sentence)
