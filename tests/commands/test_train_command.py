"""vae-explorer train: its flags, its figures, its sentences."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vae_explorer.training.config import TrainConfig
from vae_explorer.training.run import Run


def test_train_says_where_the_models_are_and_how_good(trained):
    folder, result = trained
    assert list(result) == ["model", "best", "epochs", "images_per_second", "validation", "test", "skipped"]
    assert Path(result["model"]) == folder / "model.vae.safetensors"
    assert Path(result["best"]) == folder / "best.vae.safetensors"
    assert result["epochs"] == 2
    assert result["images_per_second"] > 0
    for split in ("validation", "test"):
        assert list(result[split]) == ["elbo", "reconstruction", "kl"]
        assert result[split]["elbo"] == pytest.approx(result[split]["reconstruction"] - result[split]["kl"])


def test_train_in_words(call, tiny, data, tmp_path):
    answer = call("train", data, "--out", tmp_path / "run", "--epochs", 1, *tiny)
    assert answer.code == 0
    assert answer.err == ""
    first, second, third, fourth = answer.out.splitlines()
    assert first == str(tmp_path / "run" / "model.vae.safetensors")
    assert second.startswith("1 epoch, ")
    assert second.endswith(" images/s on CPU, 1 thread")
    assert third.startswith("validation ELBO −")
    assert " = reconstruction −" in fourth


def test_a_plain_autoencoder_is_trained_by_the_same_command(call, tiny, data, tmp_path):
    flags = ["--kind", "autoencoder", "--epochs", 1, *tiny]
    answer = call("train", data, "--out", tmp_path / "run", *flags)
    *_, third, fourth = answer.out.splitlines()
    assert third.startswith("validation log p(x|z) −")
    assert fourth.endswith(" nats per image; it has no ELBO")
    again = call("train", "--resume", tmp_path / "run", "--json").json
    assert [again["test"][key] for key in ("elbo", "kl")] == [None, None]


def test_each_field_of_the_config_is_a_flag(call, data, tmp_path):
    wanted = {
        "beta": 2.0,
        "epochs": 1,
        "batch_size": 50,
        "learning_rate": 0.01,
        "schedule": "cosine",
        "warm_up": 0.5,
        "patience": 7,
        "validation_images": 11,
        "seed": 5,
        "device": "cpu",
        "threads": 1,
        "precision": "float32",
        "kind": "autoencoder",
        "z_dim": 3,
        "network": "conv",
        "hidden": 8,
        "likelihood": "gaussian",
        "sigma": 0.25,
    }
    flags = [part for name, value in wanted.items() for part in (f"--{name.replace('_', '-')}", value)]
    assert call("train", data, "--out", tmp_path / "run", *flags).code == 0
    assert Run.open(tmp_path / "run").config == TrainConfig(data=str(data), **wanted)


def test_the_images_may_be_a_flag_too(call, tiny, data, tmp_path):
    assert call("train", "--data", data, "--out", tmp_path / "run", "--epochs", 1, *tiny).code == 0
    assert Run.open(tmp_path / "run").config.data == str(data)


def test_train_with_the_same_seed_gives_the_same_model(call, tiny, data, tmp_path, trained):
    assert call("train", data, "--out", tmp_path / "again", "--epochs", 2, *tiny).code == 0
    assert (tmp_path / "again" / "model.vae.safetensors").read_bytes() == Path(trained[1]["model"]).read_bytes()


def test_a_run_remembers_its_images_wherever_it_was_started(call, tiny, data, tmp_path, monkeypatch):
    monkeypatch.chdir(data.parent)
    assert call("train", data.name, "--out", tmp_path / "file", "--epochs", 1, *tiny).code == 0
    assert Run.open(tmp_path / "file").config.data == str(data)
    monkeypatch.chdir(data.parent.parent)
    assert call("train", data.parent.name, "--out", tmp_path / "folder", "--epochs", 1, *tiny).code == 0
    assert Run.open(tmp_path / "folder").config.data == str(data.parent)


def test_resuming_a_finished_run_gives_its_figures_again(call, tiny, data, tmp_path):
    first = call("train", data, "--out", tmp_path / "run", "--epochs", 1, *tiny, "--json").json
    again = call("train", "--resume", tmp_path / "run", "--json")
    assert again.code == 0
    assert again.json == first


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--epochs", "0"], "--epochs must be at least 1, got 0"),
        (["--epochs", "abc"], "--epochs must be a whole number, got abc"),
        (["--epochs", "1.5"], "--epochs must be a whole number, got 1.5"),
        (["--z-dim", "513"], "--z-dim must be at most 512, got 513"),
        (["--learning-rate", "0"], "--learning-rate must be more than 0, got 0"),
        (["--beta", "x"], "--beta must be a number, got x"),
        (["--network", "vgg"], "--network must be mlp, gated_mlp, conv or residual, got vgg"),
        (["--sigma", "0"], "--sigma must be learned or lecture, or at least 0.00392157, got 0"),
        (["--sigma", "wide"], "--sigma must be learned or lecture, or a number, got wide"),
        (["--epcohs", "3"], "Unknown option: --epcohs. Did you mean --epochs?"),
        (["--epochs"], "--epochs needs a value: see vae-explorer train --help"),
        (["another"], "Unexpected argument 'another': see vae-explorer train --help"),
    ],
)
def test_a_wrong_option_is_wrong_usage_said_in_one_sentence(call, data, tmp_path, arguments, sentence):
    answer = call("train", data, "--out", tmp_path / "run", *arguments)
    assert (answer.code, answer.sentence) == (2, sentence)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "--out FOLDER is missing: it says where to save the run"),
        (["mnist"], "--out FOLDER is missing: it says where to save the run"),
        (["mnist", "--data", "mnist", "--out", "run"], "Give the data set as DATA or --data, not both"),
        (["--resume", "run", "--beta", "3"], "--resume uses the run's own settings"),
        (["--resume", "run", "--epochs", "0"], "--epochs must be at least 1, got 0"),
        (["mnist", "--resume", "run"], "--resume uses the run's own settings"),
    ],
)
def test_train_needs_a_folder_and_its_data_once_or_a_run_to_resume(call, arguments, sentence):
    answer = call("train", *arguments)
    assert answer.code == 2
    assert answer.sentence.startswith(sentence)


@pytest.fixture
def photos(digits, tmp_path):
    """A folder of seven colour pictures, and of two files that are none."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for i, image in enumerate(digits[:7]):
        Image.fromarray(np.stack([image, image // 2, image], axis=-1)).save(folder / f"{i}.png")
    (folder / "a.png").write_bytes(b"no picture")
    (folder / "b.png").write_bytes(b"")
    return folder


def test_without_a_flag_the_likelihood_is_the_one_that_suits_the_images(call, tiny, data, photos, tmp_path):
    for images, given, wanted in [
        (data, [], "bernoulli"),
        (photos, [], "gaussian"),
        (photos, ["--likelihood", "bernoulli"], "bernoulli"),
        (data, ["--likelihood", "gaussian"], "gaussian"),
    ]:
        out = tmp_path / f"{images.name}{len(given)}"
        assert call("train", images, "--out", out, "--epochs", 1, *given, *tiny).code == 0
        assert Run.open(out).config.likelihood == wanted


def test_files_that_were_skipped_are_said(call, tiny, photos, tmp_path):
    answer = call("train", photos, "--out", tmp_path / "run", "--epochs", 1, *tiny, "--json")
    assert answer.sentence.startswith("2 of 9 files were skipped; the first: a.png ")
    assert [Path(one["path"]).name for one in answer.json["skipped"]] == ["a.png", "b.png"]
    assert answer.json["skipped"] == call("data", "info", photos, "--json").json["skipped"]
    again = call("train", "--resume", tmp_path / "run", "--json")
    assert (again.sentence, again.json) == (answer.sentence, answer.json)


def test_labels_that_could_not_be_used_are_no_files_that_were_skipped(call, tiny, digits, tmp_path):
    np.savez(tmp_path / "odd.npz", images=digits[:20], labels=np.zeros((20, 2)))
    answer = call("train", tmp_path / "odd.npz", "--out", tmp_path / "run", "--epochs", 1, *tiny)
    assert answer.sentence.startswith("odd: the labels were left out: they are 20 x 2")


def test_a_finished_run_goes_on_to_more_epochs(call, tiny, data, tmp_path, trained):
    assert call("train", data, "--out", tmp_path / "run", "--epochs", 1, *tiny).code == 0
    refused = call("train", "--resume", tmp_path / "run", "--epochs", 1)
    assert (refused.code, refused.sentence) == (
        1,
        f"{tmp_path / 'run'} has already been trained for 1 epoch: choose more",
    )
    longer = call("train", "--resume", tmp_path / "run", "--epochs", 2, "--json").json
    assert longer["epochs"] == 2
    assert longer["test"] == trained[1]["test"]
    assert Run.open(tmp_path / "run").config.epochs == 2


def test_a_run_finds_images_that_have_moved_and_takes_no_others(call, tiny, data, digits, tmp_path):
    here, there = tmp_path / "here.npz", tmp_path / "there.npz"
    here.write_bytes(data.read_bytes())
    assert call("train", here, "--out", tmp_path / "run", "--epochs", 1, *tiny).code == 0
    here.rename(there)
    answer = call("train", "--resume", tmp_path / "run")
    assert (answer.code, answer.sentence) == (
        1,
        f"The images of {tmp_path / 'run'} are no longer at {here}: give their new place with --data PATH",
    )
    np.savez(tmp_path / "other.npz", images=digits)
    answer = call("train", "--resume", tmp_path / "run", "--data", tmp_path / "other.npz")
    assert answer.code == 1
    assert "other.npz does not contain the images that this run was trained on" in answer.sentence
    assert Run.open(tmp_path / "run").config.data == str(here)
    assert call("train", "--resume", tmp_path / "run", "--data", there, "--epochs", 2).code == 0
    assert Run.open(tmp_path / "run").config.data == str(there)


def test_a_run_that_cannot_begin_leaves_no_folder(call, tiny, data, tmp_path):
    for wrong in (["--validation-images", 200], ["--device", "mps"]):
        answer = call("train", data, "--out", tmp_path / "run", *tiny[:-2], *wrong)
        assert answer.code == 1
        assert "kept" not in answer.sentence
        assert not (tmp_path / "run").exists()


def test_a_folder_that_holds_a_run_is_refused_before_the_images_are_loaded(call, trained):
    answer = call("train", "no such images", "--out", trained[0])
    assert answer.code == 1
    assert "already holds a run: choose another folder" in answer.sentence


def test_train_that_fails_at_once_may_be_repeated_into_the_same_folder(call, tiny, data, tmp_path):
    answer = call("train", "mnits", "--out", tmp_path / "run")
    assert answer.code == 1
    assert answer.sentence.startswith("There is no data set or file “mnits”. Did you mean mnist?")
    assert call("train", data, "--out", tmp_path / "run", "--epochs", 1, *tiny).code == 0
    answer = call("train", data, "--out", tmp_path / "run")
    assert answer.code == 1
    assert "already holds a run: choose another folder" in answer.sentence


def test_resume_of_what_is_no_run_is_said(call, tmp_path):
    answer = call("train", "--resume", tmp_path)
    assert (answer.code, answer.sentence) == (1, f"{tmp_path} holds no run: its config.json cannot be read")
