"""vae-explorer decode and sample: the pictures they write."""

import numpy as np
import pytest
import torch
from PIL import Image

from vae_explorer.training import model_file
from vae_explorer.training.model_file import StoredPosteriors


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


@pytest.mark.parametrize("draw", [[], ["--draw"]])
def test_decode_takes_what_float32_holds_and_says_where_the_decoder_overflows(call, model, tmp_path, draw):
    assert call("decode", model, "--z", "-1e35,1e30", *draw, "--out", tmp_path / "x.png").code == 0
    answer = call("decode", "mnist-2d", "--z", "3.4e38,-3.4e38", *draw, "--out", tmp_path / "far.png")
    assert answer.code == 1
    assert answer.sentence.startswith("This z is too far from 0")
    assert not (tmp_path / "far.png").exists()
    answer = call("decode", model, "--z", "3.5e38,0", "--out", tmp_path / "far.png")
    assert (answer.code, answer.sentence) == (2, "--z takes finite numbers only, at most 3.4e+38, got 3.5e38,0")


def test_pictures_go_only_where_there_is_a_folder(call, model, tmp_path):
    answer = call("decode", model, "--z", "0,0", "--out", tmp_path / "none" / "x.png")
    assert (answer.code, answer.sentence) == (
        1,
        f"There is no folder {tmp_path / 'none'} to write x.png in: create it first",
    )
    answer = call("sample", model, "--out", tmp_path)
    assert answer.code == 1
    assert answer.sentence == f"{tmp_path} could not be written (is a directory): choose another folder, or free space"
    assert not list(tmp_path.parent.glob(".vae-explorer-*"))


@pytest.mark.parametrize("command", ["decode", "sample", "encode"])
def test_the_picture_is_what_its_suffix_says_or_it_is_refused_before_the_work(call, model, png, tmp_path, command):
    arguments = {"decode": ["--z", "0,0"], "sample": ["--count", 2], "encode": []}[command]
    what = [model, png(3)] if command == "encode" else [model]
    assert call(command, *what, *arguments, "--out", tmp_path / "x.jpg").code == 0
    with Image.open(tmp_path / "x.jpg") as image:
        assert image.format == "JPEG"
    answer = call(command, *what, *arguments, "--out", tmp_path / "x.gif")
    assert (answer.code, answer.sentence) == (2, "--out must end in .png or .jpg, got x.gif")
    assert not (tmp_path / "x.gif").exists()


def test_sample_decodes_z_from_the_prior(call, model, tmp_path):
    answer = call("sample", model, "--count", 1000, "--out", tmp_path / "grid.png", "--json")
    assert answer.code == 0
    assert list(answer.json) == ["out", "count", "from", "z"]
    assert answer.json["from"] == "prior"
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
        (
            ["--from", "data"],
            'Invalid value "data" for --from. Choose from: "prior", "gaussian", "mixture", "posterior".',
        ),
        (
            ["--from", "mixture", "--temperature", "0.5"],
            "--temperature applies only to --from prior: omit it with --from mixture",
        ),
    ],
)
def test_sample_refuses_what_has_no_meaning(call, model, tmp_path, flags, sentence):
    answer = call("sample", model, "--out", tmp_path / "x.png", *flags)
    assert (answer.code, answer.sentence) == (2, sentence)


@pytest.fixture
def stored(model, tmp_path):
    """The model with posteriors in two places, three quarters of them about (2, 0)."""
    mu = np.float32([[2, 0], [2, 0], [2, 0], [-2, 1]] * 25)
    path = tmp_path / "stored.vae.safetensors"
    model_file.save(path, *model_file.load(model), StoredPosteriors(mu, np.full_like(mu, 0.01)))
    return path


@pytest.mark.parametrize("source", ["gaussian", "mixture", "posterior"])
def test_sample_takes_z_from_what_the_stored_posteriors_make(call, stored, tmp_path, source):
    def answer(*flags):
        return call("sample", stored, "--from", source, *flags, "--out", tmp_path / "x.png", "--json")

    assert answer("--count", 1000).json["from"] == source
    z = np.array(answer("--count", 1000).json["z"])
    assert z.mean(0) == pytest.approx([1, 0.25], abs=0.2)
    assert z.std(0) == pytest.approx([3**0.5, 0.75**0.5 / 2], abs=0.1)
    assert (np.abs(np.abs(z[:, 0]) - 2).max() < 0.1) == (source != "gaussian")  # which fills the hole between
    assert answer("--seed", 1).json["z"] != answer().json["z"]


def test_sample_from_the_prior_is_the_same_with_and_without_stored_posteriors(call, model, stored, tmp_path):
    def z(path):
        return call("sample", path, "--from", "prior", "--count", 5, "--out", tmp_path / "x.png", "--json").json["z"]

    assert z(stored) == z(model)


def test_sample_says_when_a_file_has_no_stored_posteriors(call, model, tmp_path):
    bare = tmp_path / "half.vae.safetensors"
    model_file.save(bare, *model_file.load(model))
    answer = call("sample", bare, "--from", "posterior", "--out", tmp_path / "x.png")
    assert (answer.code, answer.sentence) == (
        1,
        "half.vae.safetensors has no stored posteriors: it was saved before its run ended; "
        "use the run's final model file, or --from prior",
    )
    assert not (tmp_path / "x.png").exists()
