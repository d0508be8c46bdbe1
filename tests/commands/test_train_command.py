"""vae-explorer train: its flags, its figures, its sentences."""

from pathlib import Path

import pytest

from vae_explorer.training.config import TrainConfig
from vae_explorer.training.run import Run


def test_train_says_where_the_models_are_and_how_good(trained):
    folder, result = trained
    assert list(result) == ["model", "best", "epochs", "images_per_second", "validation", "test"]
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
        (["another"], "There is no use for 'another': see vae-explorer train --help"),
    ],
)
def test_a_wrong_option_is_wrong_usage_said_in_one_sentence(call, data, tmp_path, arguments, sentence):
    answer = call("train", data, "--out", tmp_path / "run", *arguments)
    assert (answer.code, answer.sentence) == (2, sentence)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "--out FOLDER is missing: say where the run's files go"),
        (["mnist"], "--out FOLDER is missing: say where the run's files go"),
        (["mnist", "--data", "mnist", "--out", "run"], "DATA and --data are two words for one thing"),
        (["--resume", "run", "--epochs", "3"], "--resume goes on with the run's own settings"),
        (["mnist", "--resume", "run"], "--resume goes on with the run's own settings"),
    ],
)
def test_train_needs_a_folder_and_its_data_once_or_a_run_to_resume(call, arguments, sentence):
    answer = call("train", *arguments)
    assert answer.code == 2
    assert answer.sentence.startswith(sentence)


def test_train_that_fails_at_once_may_be_repeated_into_the_same_folder(call, tiny, data, tmp_path):
    answer = call("train", "mnits", "--out", tmp_path / "run")
    assert answer.code == 1
    assert answer.sentence.startswith("There is no data set or file “mnits”. Did you mean mnist?")
    assert call("train", data, "--out", tmp_path / "run", "--epochs", 1, *tiny).code == 0
    answer = call("train", data, "--out", tmp_path / "run")
    assert answer.code == 1
    assert "holds a run already: choose another folder" in answer.sentence


def test_resume_of_what_is_no_run_is_said(call, tmp_path):
    answer = call("train", "--resume", tmp_path)
    assert (answer.code, answer.sentence) == (1, f"{tmp_path} holds no run: its config.json cannot be read")
