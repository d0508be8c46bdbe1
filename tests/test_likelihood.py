"""The published table: what benchmarks/likelihood.py trains, writes and shows, with a tiny run."""

import json
import os
import re
import subprocess

import likelihood
import numpy as np
import pytest

from vae_explorer import cli
from vae_explorer.core.progress import Progress, finish
from vae_explorer.training.config import TrainConfig
from vae_explorer.training.run import Run
from vae_explorer.training.trainer import Trainer

KEYS = {
    "data", "negative_log_evidence", "standard_error", "importance_samples", "images", "seed", "epochs", "wall_seconds",
    "command", "commit", "network",
}  # fmt: skip


@pytest.fixture
def config(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (120, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "noise.npz", x_train=images[:90], x_test=images[90:])
    return TrainConfig(
        data=str(tmp_path / "noise.npz"), z_dim=2, hidden=8, epochs=2, batch_size=32, validation_images=20, threads=1,
        precision="float32",
    )  # fmt: skip


@pytest.fixture
def few_samples(monkeypatch):
    monkeypatch.setattr(likelihood, "IMPORTANCE_SAMPLES", 50)


@pytest.mark.usefixtures("few_samples")
def test_a_row_has_what_evaluate_finds(config, tmp_path, capsys):
    row = likelihood.measured(tmp_path / "run", config)
    assert row.keys() >= KEYS
    assert (row["images"], row["epochs"], row["importance_samples"]) == (30, 2, 50)
    cli.run(["evaluate", str(tmp_path / "run"), config.data, "--importance-samples", "50", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert row["negative_log_evidence"] == pytest.approx(-found["log_evidence"])
    assert row["standard_error"] == pytest.approx(found["standard_error"])


@pytest.mark.usefixtures("few_samples")
def test_a_finished_run_is_neither_trained_nor_evaluated_again(config, tmp_path, monkeypatch):
    monkeypatch.setattr(likelihood, "commit", lambda: "abc")
    first = likelihood.measured(tmp_path / "run", config)
    (tmp_path / "run" / "training_seconds").write_text("1000.0\n")
    (tmp_path / "run" / "evaluation_seconds").write_text("30.0\n")
    for name in ("Trainer", "Evaluator"):
        monkeypatch.delattr(likelihood, name)
    monkeypatch.setattr(likelihood, "commit", lambda: "def")  # whose code has done nothing
    again = likelihood.measured(tmp_path / "run", config)
    assert again == {**first, "training_seconds": 1000, "wall_seconds": 1030, "commit": "abc"}


@pytest.mark.usefixtures("few_samples")
@pytest.mark.parametrize("left", ["training", "evaluation"])
def test_a_row_is_marked_where_another_commit_went_on(config, tmp_path, monkeypatch, left):
    run = Run.create(tmp_path / "run", config)
    (run.folder / "commit").write_text("abc\n")
    if left == "evaluation":
        finish(Trainer(run).work())
    monkeypatch.setattr(likelihood, "commit", lambda: "def")
    assert likelihood.measured(tmp_path / "run", config)["commit"] == "abc+"


@pytest.mark.usefixtures("few_samples")
def test_a_run_that_another_command_has_begun_is_of_an_unknown_commit(config, tmp_path):
    run = Run.create(tmp_path / "run", config)
    finish(Trainer(run).work())
    assert likelihood.measured(tmp_path / "run", config)["commit"] == "unknown+"


@pytest.mark.usefixtures("few_samples")
def test_an_evaluation_that_was_stopped_goes_on_with_the_next_images(config, tmp_path, monkeypatch):
    monkeypatch.setattr(likelihood, "BLOCK", 8)
    whole = likelihood.measured(tmp_path / "whole", config)
    run = Run.create(tmp_path / "run", config)
    finish(Trainer(run).work())
    job = likelihood.evaluated(run, 50, None, likelihood.Stopwatch(tmp_path / "watch"))
    for item in job:
        if item.total == 30 and item.done >= 20:  # two blocks, and a part of the third
            break
    job.close()
    done, evaluator = [], likelihood.Evaluator

    def evaluate(model, images, *arguments, **options):
        done.append(len(images))
        return evaluator(model, images, *arguments, **options)

    monkeypatch.setattr(likelihood, "Evaluator", evaluate)
    row = likelihood.measured(tmp_path / "run", config)
    assert done == [8, 6]
    for name in ("negative_log_evidence", "standard_error", "elbo", "effective_sample_size"):
        assert row[name] == pytest.approx(whole[name], rel=1e-6)
    assert row["images"] == 30


def test_another_recipe_does_not_go_on_with_the_run(config, tmp_path):
    Run.create(tmp_path / "run", config)
    with pytest.raises(ValueError, match="holds a run by another recipe"):
        likelihood.measured(tmp_path / "run", config.model_copy(update={"epochs": 3}))


def test_the_watch_goes_on_after_a_job_that_was_stopped(tmp_path):
    def job():
        while True:
            yield Progress(0, None, "things")

    (tmp_path / "watch").write_text("60.0\n")
    work = likelihood.Stopwatch(tmp_path / "watch").timed(job())
    next(work)
    work.close()
    assert float((tmp_path / "watch").read_text()) >= 60


def test_the_watch_gives_the_result_of_its_job(tmp_path):
    def job():
        yield Progress(0, None, "things")
        return "found"

    assert finish(likelihood.Stopwatch(tmp_path / "watch").timed(job())) == "found"


def test_the_commit_of_a_row_is_marked_where_the_code_has_changed(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("GIT_")]:  # a hook's repository is not this one
        monkeypatch.delenv(name)

    def git(*words):
        names = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
        return subprocess.run(["git", *names, *words], cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    for name, path in {"HERE": "benchmarks", "ROWS": "benchmarks/likelihood.json", "PAGE": "measurements.md"}.items():
        monkeypatch.setattr(likelihood, name, tmp_path / path)
    assert likelihood.commit() == "unknown"  # the program is not of this checkout
    monkeypatch.setattr(likelihood.vae_explorer, "__file__", str(tmp_path / "vae_explorer" / "__init__.py"))
    (tmp_path / "benchmarks").mkdir()
    assert likelihood.commit() == "unknown"
    git("init")
    (tmp_path / "code.py").write_text("before\n")
    git("add", "code.py")
    git("commit", "-m", "first")
    first = git("rev-parse", "HEAD").strip()
    assert likelihood.commit() == first
    likelihood.ROWS.write_text("[]")
    likelihood.PAGE.write_text("a table")
    assert likelihood.commit() == first
    (tmp_path / "code.py").write_text("after\n")
    assert likelihood.commit() == f"{first}+"


@pytest.mark.parametrize("data", likelihood.PUBLISHED)
@pytest.mark.parametrize("network", likelihood.RECIPES)
def test_a_recipe_follows_the_published_protocol(data, network):
    config = likelihood.recipe(data, network)
    assert (config.z_dim, config.validation_images, config.beta) == (40, 10_000, 1.0)
    assert (config.kind, config.likelihood, config.network) == ("vae", "bernoulli", network)
    assert network != "gated_mlp" or config.hidden == 300


def test_a_row_replaces_the_one_before_and_takes_its_place_in_the_table(tmp_path, monkeypatch):
    monkeypatch.setattr(likelihood, "ROWS", tmp_path / "rows.json")
    for data, network, figure in (
        ("fashion-mnist", "gated_mlp", 230.0),
        ("mnist", "residual", 81.0),
        ("mnist", "gated_mlp", 85.0),
        ("mnist", "gated_mlp", 84.0),
    ):
        likelihood.write_row({"data": data, "network": network, "negative_log_evidence": figure})
    assert [row["negative_log_evidence"] for row in likelihood.rows()] == [84.0, 81.0, 230.0]


ROW = {
    "data": "fashion-mnist", "network": "gated_mlp", "negative_log_evidence": 230.456, "standard_error": 0.0123,
    "effective_sample_size": 48.7, "low_effective_sample_size": 1736, "validation_elbo": -233.1, "epochs": 12.0,
    "wall_seconds": 3725, "command": "python x.py",
}  # fmt: skip


def test_the_table_compares_a_row_with_the_published_figure():
    assert likelihood.table([ROW]).splitlines()[2] == (
        "| Fashion-MNIST | two layers of 300 gated units, as in the paper | **230.46** ± 0.012 | 228.70 ± 0.15 "
        "| 49; 1,736 | −233.10 | 12 epochs; 1:02:05 with the evaluation | `python x.py` |"
    )
    other = likelihood.table([{**ROW, "network": "residual", "training_seconds": 125}])
    assert "| – |" in other
    assert "| 12 epochs in 0:02:05; 1:02:05 with the evaluation |" in other


def test_the_table_takes_its_place_in_the_page_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(likelihood, "PAGE", tmp_path / "measurements.md")
    monkeypatch.setattr(likelihood, "ROWS", tmp_path / "rows.json")
    likelihood.ROWS.write_text(json.dumps([ROW]))
    likelihood.PAGE.write_text(f"before\n{likelihood.BEGIN}\nold\n{likelihood.END}\nafter\n")
    likelihood.write_table()
    table = likelihood.table([ROW])
    assert likelihood.PAGE.read_text() == f"before\n{likelihood.BEGIN}\n{table}\n{likelihood.END}\nafter\n"


@pytest.mark.parametrize("text", ["", likelihood.BEGIN, likelihood.END, f"{likelihood.END} {likelihood.BEGIN}"])
def test_a_page_without_a_place_for_the_table_is_left_as_it_is(tmp_path, monkeypatch, text):
    monkeypatch.setattr(likelihood, "PAGE", tmp_path / "measurements.md")
    likelihood.PAGE.write_text(text)
    with pytest.raises(ValueError, match="has no place for the table"):
        likelihood.write_table()
    assert likelihood.PAGE.read_text() == text


def test_the_table_of_the_page_is_made_from_the_rows():
    text = likelihood.PAGE.read_text(encoding="utf-8")
    assert f"{likelihood.BEGIN}\n{likelihood.table(likelihood.rows())}\n{likelihood.END}" in text


def test_every_row_was_measured_over_all_test_images_by_a_known_commit():
    for row in likelihood.rows():
        assert row.keys() >= KEYS
        assert (row["images"], row["importance_samples"]) == (10_000, 5_000)
        assert row["command"] == f"python benchmarks/likelihood.py {row['data']} --network {row['network']}"
        assert re.fullmatch(r"[0-9a-f]{40}\+?", row["commit"])  # +: another one went on with it
