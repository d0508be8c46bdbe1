import json
import shutil
from itertools import islice

import numpy as np
import pytest
import torch

from vae_explorer.core.progress import Progress, finish
from vae_explorer.storage import sealed
from vae_explorer.training import loop, model_file, state_file, trainer, training
from vae_explorer.training.loop import TrainingProgress
from vae_explorer.training.run import Run, RunError
from vae_explorer.training.trainer import Trainer
from vae_explorer.training.training import Training

pytestmark = pytest.mark.usefixtures("an_item_after_every_step")


def up_to(work, step):
    """Iterates until a step is made."""
    for progress in work:
        if isinstance(progress, TrainingProgress) and progress.done == step:
            return
    pytest.fail(f"step {step} never came")


def weights(path):
    return {name: tensor.numpy() for name, tensor in model_file.load(path)[0].state_dict().items()}


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def without_speed(run):
    return [{key: value for key, value in report.items() if key != "images_per_second"} for report in run.metrics()]


def test_a_run_leaves_models_state_metrics_and_no_lock(start):
    work = start()
    info = finish(work.work())
    assert sorted(path.name for path in work.run.folder.iterdir()) == [
        "best.vae.safetensors",
        "config.json",
        "metrics.jsonl",
        "model.vae.safetensors",
        "state.safetensors",
    ]
    assert (info.epochs, info.steps, info.train_images) == (3, 15, 160)
    assert (info.data, info.split_seed, info.statistics.split) == ("bars", 0, "test")
    assert len(info.statistics.elbo_quantiles) == 101
    assert info.test.elbo == pytest.approx(info.test.reconstruction - info.test.kl)
    assert model_file.load(work.run.model_path)[1] == info
    assert work.run.is_finished
    reports = list(work.run.metrics())
    assert [report["step"] for report in reports] == [*range(1, 16), 15]
    assert reports[-1]["test"]["elbo"] == info.test.elbo


@pytest.mark.parametrize("reports", [1, 20], ids=["one report an epoch", "a report after each step"])
@pytest.mark.parametrize("step", [1, 5, 7, 15])  # five steps make an epoch
def test_a_resumed_run_goes_on_bit_for_bit(start, step, reports, monkeypatch):
    monkeypatch.setattr(loop, "REPORTS_PER_EPOCH", reports)
    whole = start("whole")
    finish(whole.work())

    first = start("parts").work()
    up_to(first, step)
    first.close()
    torch.rand(7)  # somebody else draws meanwhile
    np.random.default_rng().random()
    second = Trainer(Run.open(whole.run.folder.with_name("parts")))
    finish(second.work())

    for name in ("model.vae.safetensors", "best.vae.safetensors"):
        assert (whole.run.folder / name).read_bytes() == (second.run.folder / name).read_bytes()
    assert without_speed(whole.run) == without_speed(second.run)


def test_a_run_that_was_killed_goes_on_from_its_last_checkpoint_bit_for_bit(start):
    whole = start("whole")
    finish(whole.work())
    killed = start("killed")
    generator = killed.work()
    up_to(generator, 7)
    killed.training.save()
    up_to(generator, 11)
    killed.training.keep = lambda: None  # a kill writes nothing more
    generator.close()
    assert [report["step"] for report in killed.run.metrics()] == list(range(1, 12))

    resumed = Trainer(Run.open(killed.run.folder))
    finish(resumed.work())
    assert same(weights(whole.run.model_path), weights(resumed.run.model_path))
    assert without_speed(whole.run) == without_speed(resumed.run)


def test_a_run_killed_before_its_first_step_can_be_resumed(start):
    killed = start()
    assert not killed.run.state_path.exists()
    assert finish(Trainer(Run.open(killed.run.folder)).work()).epochs == 3


def test_a_finished_run_that_is_resumed_gives_the_same_figures_again(start):
    run = start()
    info = finish(run.work())
    assert finish(Trainer(Run.open(run.run.folder)).work()) == info
    assert [report["step"] for report in run.run.metrics()] == [*range(1, 16), 15]


def test_a_run_killed_at_its_last_report_ends_with_the_same_state(start, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "EPOCH_CHECKPOINT_INTERVAL", -1.0)
    whole, killed = start(), tmp_path / "killed"
    for progress in whole.work():
        if isinstance(progress, TrainingProgress) and progress.validation and progress.epoch == 3:
            shutil.copytree(whole.run.folder, killed, ignore=shutil.ignore_patterns("run.lock"))
    finish(Trainer(Run.open(killed)).work())
    states = [
        sealed.read(folder / "state.safetensors", state_file.STATE_FILE)[0] for folder in (whole.run.folder, killed)
    ]
    assert same(*({name: tensor.numpy() for name, tensor in state.items()} for state in states))


def test_a_run_stopped_while_it_is_tested_keeps_its_validation_figures(start):
    work = start()
    generator = work.work()
    up_to(generator, 15)
    assert next(item for item in generator if item.what == "images")
    generator.close()
    assert not work.run.is_finished
    resumed = finish(Trainer(Run.open(work.run.folder)).work())
    assert resumed.validation == work.training.info.validation
    assert resumed.kl_per_dimension == work.training.info.kl_per_dimension


@pytest.mark.parametrize(
    "change",
    [lambda bars: bars[:100], lambda bars: bars[::-1], lambda bars: bars.reshape(100, 16, 8)],
    ids=["fewer", "another order", "another shape"],
)
def test_a_run_whose_images_have_changed_is_not_resumed(start, bars, tmp_path, change):
    stopped = start()
    generator = stopped.work()
    up_to(generator, 12)
    generator.close()
    before = {path.name: path.read_bytes() for path in stopped.run.folder.iterdir()}
    np.savez(tmp_path / "bars.npz", images=change(bars[:, 0]))
    with pytest.raises(RunError, match="The images of this run have changed since it was stopped: start a new run"):
        finish(Trainer(Run.open(stopped.run.folder)).work())
    assert {path.name: path.read_bytes() for path in stopped.run.folder.iterdir()} == before


def test_a_state_of_the_first_version_is_resumed_bit_for_bit(start, monkeypatch):
    monkeypatch.setattr(loop, "REPORTS_PER_EPOCH", 1)  # so that there are means to be kept
    whole, stopped = start("whole"), start("stopped")
    finish(whole.work())
    generator = stopped.work()
    up_to(generator, 7)
    generator.close()
    tensors, metadata = sealed.read(stopped.run.state_path, state_file.STATE_FILE)
    tensors = {name: tensor for name, tensor in tensors.items() if not name.startswith("kept/")}
    images, tensors["means"] = int(tensors["means"][0]), tensors["means"][1:]
    first = ("format", "step", "seconds", "images", "threads", "precision", "best_elbo")
    metadata = {name: metadata[name] for name in first} | {"means_images": images}
    stopped.run.state_path.write_bytes(sealed.sealed(tensors, metadata))
    finish(Trainer(Run.open(stopped.run.folder)).work())
    assert stopped.run.model_path.read_bytes() == whole.run.model_path.read_bytes()
    assert without_speed(stopped.run) == without_speed(whole.run)


def test_a_network_too_large_for_a_model_file_is_refused_before_the_first_step(start, monkeypatch):
    monkeypatch.setattr(model_file, "MAX_FILE", model_file.MAX_HEADER + 10_000)
    work = start(hidden=100)
    with pytest.raises(ValueError, match=r"GiB of weights.* choose fewer hidden units than 100, or smaller images"):
        finish(work.work())
    assert not work.run.model_path.exists()
    assert finish(start("small", hidden=4).work()).steps == 15


def test_a_run_stopped_after_a_checkpoint_within_its_validation_has_each_report_once(start, monkeypatch):
    monkeypatch.setattr(loop, "VALIDATION_BATCH", 5)
    whole = start("whole")
    finish(whole.work())
    stopped = start("stopped")
    generator = stopped.work()
    up_to(generator, 4)
    item = next(generator)
    assert (item.done, item.train) == (5, None)  # the report of step 5 is not yet made
    stopped.training.save()
    assert next(item for item in generator if item.train).done == 5
    generator.close()
    resumed = Trainer(Run.open(stopped.run.folder))
    finish(resumed.work())
    assert without_speed(whole.run) == without_speed(resumed.run)


def test_the_parts_never_overlap(start, bars):
    work = start()
    up_to(work.work(), 1)
    parts = [
        {image.tobytes() for image in work.training.data.part(split, 0).images}
        for split in ("train", "validation", "test")
    ]
    assert [len(part) for part in parts] == [160, 20, 20]
    assert len(set.union(*parts)) == 200  # no two of the images are alike


def test_best_is_the_model_of_the_best_epoch_and_newest_the_last(start, monkeypatch):
    def figures(elbo):
        return loop.Metrics(elbo, (0.0, 0.0))

    elbos = iter([-30.0, -10.0, -20.0])

    def validate(*_arguments):
        yield from ()
        return figures(next(elbos))

    monkeypatch.setattr(loop, "_validate", validate)
    work = start()
    snapshots = {}
    for progress in work.work():
        if isinstance(progress, TrainingProgress) and progress.validation:
            snapshots[progress.done] = {k: v.numpy() for k, v in work.training.snapshot()[0].state_dict().items()}
    assert same(weights(work.run.best_path), snapshots[10])
    assert same(weights(work.run.model_path), snapshots[15])
    assert model_file.load(work.run.best_path)[1].validation.elbo == -10
    assert model_file.load(work.run.best_path)[1].epochs == 2


def test_the_best_model_stays_when_a_resumed_run_finds_no_better_one(start, monkeypatch):
    elbos = iter([-10.0, -20.0, -30.0])

    def validate(*_arguments):
        yield from ()
        return loop.Metrics(next(elbos), (0.0, 0.0))

    monkeypatch.setattr(loop, "_validate", validate)
    work = start()
    generator = work.work()
    up_to(generator, 6)
    generator.close()
    best = work.run.best_path.read_bytes()
    finish(Trainer(Run.open(work.run.folder)).work())
    assert work.run.best_path.read_bytes() == best


def test_checkpoints_are_made_every_ten_seconds_and_at_the_end_of_an_epoch(start, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(training.time, "monotonic", lambda: now[0])
    work = start()
    steps = []
    monkeypatch.setattr(Training, "save", lambda made, save=Training.save: (steps.append(made.state.step), save(made)))
    for progress in work.work():
        if isinstance(progress, TrainingProgress):
            now[0] += 4
    assert steps[:5] == [4, 5, 8, 10, 13]  # 12 s, the epoch's end, 12 s, …
    state = work.training.state
    again = state_file.load(work.run.state_path, state.model, work.config, images=state.images_digest)
    assert again.step == 15


def test_a_snapshot_is_nobody_elses(start):
    work = start()
    generator = work.work()
    up_to(generator, 1)
    model, _ = work.training.snapshot()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    up_to(generator, 3)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert not model.training
    assert not any(p.requires_grad for p in model.parameters())


def test_the_parameters_of_encoder_and_decoder_are_counted(start):
    work = start()
    up_to(work.work(), 1)
    facts = work.training.facts()
    assert facts["phi"] == (64 * 16 + 16) + (16 * 16 + 16) + (16 * 4 + 4)
    assert facts["theta"] == (2 * 16 + 16) + (16 * 16 + 16) + (16 * 64 + 64)
    assert (facts["train_images"], facts["validation_images"], facts["image_shape"]) == (160, 20, (1, 8, 8))
    assert facts["device"] == "CPU, 1 thread"
    assert facts["skipped"] == ()


def test_a_second_writer_is_refused_while_the_first_is_at_work(start):
    first = start()
    generator = first.work()
    next(generator)
    with pytest.raises(RunError, match="is in use by this program"):
        next(Trainer(Run.open(first.run.folder)).work())
    assert first.run.lock_path.exists()
    generator.close()
    assert not first.run.lock_path.exists()


def test_no_path_of_this_machine_is_in_a_model_file(start, tmp_path):
    work = start()
    finish(work.work())
    for path in (work.run.model_path, work.run.best_path, work.run.state_path):
        assert str(tmp_path).encode() not in path.read_bytes()
    assert json.loads((work.run.folder / "config.json").read_text())["data"] == str(tmp_path / "bars.npz")


def test_what_is_fastest_is_tried_once_and_kept(start, monkeypatch):
    tried = []

    def fastest(speeds, step):
        yield Progress(0, len(speeds), "speeds tried")
        tried.append([step(speed) for speed in speeds])
        return trainer.devices.Speed(1, torch.bfloat16)

    monkeypatch.setattr(trainer.devices, "fastest", fastest)
    work = start(threads=0, precision="auto")
    generator = work.work()
    up_to(generator, 2)
    generator.close()
    resumed = Trainer(Run.open(work.run.folder))
    finish(resumed.work())
    assert len(tried) == 1
    assert (resumed.training.state.threads, resumed.training.state.precision) == (1, torch.bfloat16)
    said = model_file.load(work.run.model_path)[1].train_config
    assert (said["threads"], said["precision"]) == (1, "bfloat16")


def test_a_run_can_be_stopped_while_speeds_are_tried_and_has_no_model_yet(start, monkeypatch):
    monkeypatch.setattr(trainer.devices, "cores", lambda: 2)
    work = start(threads=0, precision="auto")
    generator = work.work()
    item = next(item for item in generator if item.what == "speeds tried")
    assert (item.done, item.total) == (0, 4)
    assert work.training is None  # so nobody is told of 0 threads
    generator.close()
    assert not work.run.lock_path.exists()
    assert not work.run.state_path.exists()


def test_bfloat16_learns_what_float32_learns(start):
    exact, quick = start("exact"), start("quick", precision="bfloat16")
    wanted, found = finish(exact.work()), finish(quick.work())
    assert quick.training.device_text == "CPU, 1 thread, bfloat16"
    assert found.test.elbo == pytest.approx(wanted.test.elbo, abs=0.5)


def test_the_trial_of_speeds_changes_nothing(start):
    def fastest(speeds, step):
        step(speeds[0])
        yield Progress(0, 1, "speeds tried")
        return trainer.devices.Speed(1)

    whole, tried = start("whole"), start("tried", threads=0)
    finish(whole.work())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer.devices, "fastest", fastest)
        finish(tried.work())
    assert same(weights(whole.run.model_path), weights(tried.run.model_path))


@pytest.mark.parametrize(("train", "test", "least"), [(2, 0, 3), (1, 0, 3), (1, 5, 2)])
def test_too_few_images_are_refused_with_a_sentence(start, bars, tmp_path, train, test, least):
    own = {"x_test": bars[-test:, 0]} if test else {}
    np.savez(tmp_path / "few.npz", x_train=bars[:train, 0], **own)
    with pytest.raises(ValueError, match=f"few has {train} images; training needs at least {least}"):
        finish(start(data=str(tmp_path / "few.npz")).work())


def test_test_images_are_not_trained_on(start, bars, tmp_path):
    np.savez(tmp_path / "tests.npz", x_test=bars[:, 0])
    with pytest.raises(ValueError, match="tests has only test images, which are for evaluation; train on other images"):
        finish(start(data=str(tmp_path / "tests.npz")).work())


def test_more_validation_images_than_there_are_is_refused_with_a_sentence(start):
    with pytest.raises(ValueError, match="too few to keep 180 for validation: keep fewer"):
        finish(start(validation_images=180).work())


def test_three_images_are_enough(start, bars, tmp_path):
    np.savez(tmp_path / "three.npz", images=bars[:3, 0])
    assert finish(start(data=str(tmp_path / "three.npz")).work()).train_images == 1


def test_progress_counts_what_is_loaded_trained_and_tested(start):
    units = [progress.what for progress in start().work()]
    assert list(dict.fromkeys(units))[-2:] == ["steps", "images"]
    assert list(islice(reversed(units), 1)) == ["images"]
