"""What goes wrong while a run is made: no numbers, no memory, no room on the disk."""

import errno
import json

import pytest
import torch

from vae_explorer.core.progress import finish
from vae_explorer.storage import atomic
from vae_explorer.training import loop, model_file, trainer, training
from vae_explorer.training.loop import BAD_IN_A_ROW, RESTORES, TrainingError, train
from vae_explorer.training.run import Run, RunError
from vae_explorer.training.trainer import Trainer

pytestmark = pytest.mark.usefixtures("an_item_after_every_step")
STEPS = 15  # three epochs of five


def weights(model):
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()]).clone()


def up_to(work, step):
    """Iterates until a step is made."""
    assert any(progress.what == "steps" and progress.done == step for progress in work)


def spoil_loss(loss):
    return loop.Loss(loss.total * float("nan"), loss.reconstruction * float("nan"), loss.kl_per_dimension)


def spoil_gradient(loss):
    total = loss.total * 1  # a node of its own
    total.register_hook(lambda gradient: gradient * float("inf"))
    return loop.Loss(total, loss.reconstruction, loss.kl_per_dimension)


@pytest.fixture
def spoil(monkeypatch):
    """Spoils the objective at these training steps, counted from 0 and over restores too."""

    objective = loop.negative_elbo

    def spoil(steps, how=spoil_loss):
        count = iter(range(10**6))

        def spoiled(model, *arguments):
            loss = objective(model, *arguments)
            return how(loss) if torch.is_grad_enabled() and next(count) in steps else loss

        monkeypatch.setattr(loop, "negative_elbo", spoiled)

    return spoil


@pytest.mark.parametrize("how", [spoil_loss, spoil_gradient])
@pytest.mark.parametrize("step", [0, 1, 4, 5, 14])
def test_a_step_without_numbers_is_left_out_and_said(fresh, config, images, validation_x, spoil, step, how):
    state = fresh(config)
    spoil({step}, how)
    before, notices = weights(state.model), []
    for progress in train(state, config, images[:160], validation_x):
        if progress.done == step:
            before = weights(state.model)
        if progress.notice:
            notices.append((progress.done, progress.notice))
            assert torch.equal(weights(state.model), before)
        assert progress.train is None or progress.train.elbo == progress.train.elbo  # a number
    assert [done for done, _ in notices] == [step + 1]
    assert notices[0][1].startswith(f"Step {step + 1} was skipped because the loss or a gradient")
    assert state.step == STEPS
    assert weights(state.model).isfinite().all()
    assert {int(of["step"]) for of in state.optimizer.state.values()} == {STEPS - 1}


@pytest.mark.parametrize("first", [0, 3, 6, 11])
def test_after_three_such_steps_the_weights_of_the_last_epoch_come_back(
    fresh, config, images, validation_x, spoil, first
):
    state = fresh(config)
    spoil(set(range(first, first + BAD_IN_A_ROW)))
    good, notices = {0: weights(state.model)}, []
    for progress in train(state, config, images[:160], validation_x):
        if progress.validation:
            good[progress.done] = weights(state.model)
        if progress.notice:
            notices.append(progress.notice)
        if progress.notice and "were restored" in progress.notice:
            assert torch.equal(weights(state.model), good[max(good)])
    assert len(notices) == BAD_IN_A_ROW
    assert "; the weights of the last good epoch were restored: lower the learning rate" in notices[-1]
    assert state.step == STEPS
    assert not torch.equal(weights(state.model), good[5 * (first // 5)])  # it has gone on


def test_weights_that_have_become_no_numbers_are_mended_too(fresh, config, images, validation_x):
    state = fresh(config)
    training = train(state, config, images, validation_x)
    next(training)
    with torch.no_grad():
        next(state.model.parameters()).fill_(float("nan"))
    notices = [progress.notice for progress in training if progress.notice]
    assert len(notices) == BAD_IN_A_ROW
    assert weights(state.model).isfinite().all()


def test_when_that_does_not_help_training_stops_with_advice_and_the_last_good_weights(
    fresh, config, images, validation_x, spoil
):
    state = fresh(config)
    training = train(state, config, images, validation_x)
    next(training)
    before = weights(fresh(config).model)  # what the first epoch began with
    spoil(set(range(1000)))
    with pytest.raises(TrainingError, match=r"at step 10: lower the learning rate \(it is 0.001\) and start again"):
        list(training)
    assert state.step == 1 + BAD_IN_A_ROW * (RESTORES + 1)
    assert torch.equal(weights(state.model), before)


@pytest.fixture
def make(start, spoil):
    """Makes a run whose steps of these numbers are spoiled, stopped and resumed after others."""

    def make(name, bad, stops=()):
        spoil(bad)
        run = start(name).run
        for stop in (*stops, None):
            work = Trainer(run).work()
            for progress in work:
                if progress.what == "steps" and progress.done == stop:
                    work.close()
        return run

    return make


@pytest.mark.parametrize("stop", range(1, 15))
def test_a_run_whose_weights_came_back_resumes_bit_for_bit_wherever_it_was_stopped(make, stop):
    whole, parts = make("whole", {6, 7, 8}), make("parts", {6, 7, 8}, [stop])
    assert whole.model_path.read_bytes() == parts.model_path.read_bytes()
    assert whole.best_path.read_bytes() == parts.best_path.read_bytes()
    notices = [[report.get("notice") for report in run.metrics()] for run in (whole, parts)]
    assert notices[0] == notices[1]


def test_a_run_stopped_when_its_first_weights_came_back_is_resumed(make):
    whole, parts = make("whole", {0, 1, 2}), make("parts", {0, 1, 2}, [3])
    assert whole.model_path.read_bytes() == parts.model_path.read_bytes()


@pytest.mark.parametrize("bad", [{4}, {9}, {14}, {0, 1, 2, 3, 4}])
def test_an_epoch_has_its_validation_also_where_its_last_step_was_left_out(make, bad):
    run = make("run", bad)
    validated = [report for report in run.metrics() if "validation" in report]
    assert [report["epoch"] for report in validated] == [1, 2, 3]
    assert ["train" in report for report in validated] == [step not in bad for step in (4, 9, 14)]
    assert model_file.load(run.model_path)[1].validation.elbo == validated[-1]["validation"]["elbo"]


def test_a_run_of_one_bad_step_comes_to_its_end(start, spoil):
    spoil({0})
    info = finish(start(epochs=1, batch_size=1000).work())
    assert info.validation is not None
    assert info.test is not None


def test_a_model_without_its_state_is_not_trained_over(make, start):
    run = make("run", set())
    run.state_path.unlink()
    before = run.model_path.read_bytes()
    assert not run.is_resumable
    with pytest.raises(RunError, match="holds a model without the state needed to resume: start a new run in"):
        finish(Trainer(run).work())
    assert run.model_path.read_bytes() == before
    assert [report["step"] for report in run.metrics()] == [*range(1, 16), 15]


def test_a_run_with_bad_steps_says_so_in_its_metrics_and_resumes_bit_for_bit(make):
    whole, parts = make("whole", {2, 3, 7}), make("parts", {2, 3, 7}, (3, 9))
    assert whole.model_path.read_bytes() == parts.model_path.read_bytes()
    notices = [(report["step"], report["notice"]) for report in parts.metrics() if "notice" in report]
    assert [step for step, _ in notices] == [3, 4, 8]
    assert "Step 4 was skipped" in notices[1][1]
    assert Run.open(parts.folder).is_finished


def test_weights_without_numbers_replace_no_model_on_disk(start):
    work = start()
    generator = work.work()
    up_to(generator, 4)
    work.training.save()
    good = work.run.model_path.read_bytes()
    snapshot = work.training.snapshot()
    with torch.no_grad():
        next(work.training.state.model.parameters()).fill_(float("nan"))
    work.training._saved_at = (0, float("-inf"))  # a checkpoint is due at once
    assert next(generator).notice
    assert work.training.snapshot() == snapshot
    assert work.run.model_path.read_bytes() == good
    generator.close()
    assert work.run.model_path.read_bytes() == good
    assert finish(Trainer(Run.open(work.run.folder)).work()).steps == STEPS


# memory


class Memory:
    """Holds so many images at once; all that is asked for is written down."""

    def __init__(self, monkeypatch, room, error):
        self.room, self.error, self.asked = room, error, []
        self._objective = loop.negative_elbo
        monkeypatch.setattr(loop, "negative_elbo", self._negative_elbo)

    def _negative_elbo(self, model, x, *arguments):
        self.asked.append(len(x))
        if len(x) > self.room:
            raise self.error
        return self._objective(model, x, *arguments)


NO_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"),
    MemoryError(),
    RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory: you tried …"),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."),
    RuntimeError("MPS backend out of memory (MPS allocated: 8.90 GB, max allowed: 9.07 GB)."),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
]
MACHINES = ["CUDA", "Python", "CPU", "Windows", "MPS", "cuBLAS"]


@pytest.mark.parametrize("error", NO_MEMORY, ids=MACHINES)
def test_a_batch_is_computed_in_halves_where_memory_is_short_and_that_is_said(
    fresh, config, images, validation_x, monkeypatch, error
):
    alone = fresh(config)
    list(train(alone, config, images[:160], validation_x))
    memory, state = Memory(monkeypatch, 8, error), fresh(config)
    notices = [p.notice for p in train(state, config, images[:160], validation_x) if p.notice]
    assert notices == [
        "There is not enough memory for 32 images at once: they are now computed 16 at a time, "
        "which is slower and gives the same result",
        "There is not enough memory for 32 images at once: they are now computed 8 at a time, "
        "which is slower and gives the same result",
    ]
    assert memory.asked[:6] == [32, 16, 8, 8, 8, 8]
    assert state.step == STEPS
    assert torch.allclose(weights(state.model), weights(alone.model), atol=1e-4)  # sums rounded otherwise


def test_it_is_halved_three_times_at_most(fresh, config, images, validation_x, monkeypatch):
    memory, state = Memory(monkeypatch, 3, NO_MEMORY[0]), fresh(config)
    with pytest.raises(torch.OutOfMemoryError):
        list(train(state, config, images, validation_x))
    assert memory.asked == [32, 16, 8, 4]
    assert torch.equal(weights(state.model), weights(fresh(config).model))


@pytest.mark.parametrize("batch_size", [1, 30, 4096, 65_536])
def test_memory_that_runs_out_in_a_validation_is_halved_too(
    fresh, config, images, validation_x, monkeypatch, batch_size
):
    monkeypatch.setattr(loop, "VALIDATION_BATCH", 40)
    config = config.model_copy(update={"batch_size": batch_size, "epochs": 2})

    def figures(room):
        with monkeypatch.context() as patch:
            Memory(patch, room, NO_MEMORY[0])
            items = list(train(fresh(config), config, images[:30], validation_x))
        return [item.validation for item in items if item.validation], [item.notice for item in items if item.notice]

    (wanted, _), (found, notices) = figures(100), figures(35)  # the validation has 40
    assert len(notices) == 1
    for one, other in zip(wanted, found, strict=True):
        assert one.elbo == pytest.approx(other.elbo, abs=1e-4)


def test_another_error_is_not_taken_for_a_want_of_memory(fresh, config, images, validation_x, monkeypatch):
    Memory(monkeypatch, 3, RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="mat1"):
        list(train(fresh(config), config, images, validation_x))


def test_a_run_keeps_its_parts_when_it_is_resumed(start, monkeypatch):
    memory = Memory(monkeypatch, 16, NO_MEMORY[0])
    whole, stopped = start("whole"), start("stopped")
    finish(whole.work())
    generator = stopped.work()
    up_to(generator, 7)
    generator.close()
    memory.asked.clear()
    resumed = Trainer(Run.open(stopped.run.folder))
    finish(resumed.work())
    assert 32 not in memory.asked
    assert resumed.run.model_path.read_bytes() == whole.run.model_path.read_bytes()


@pytest.mark.parametrize("error", NO_MEMORY, ids=MACHINES)
def test_too_little_memory_for_any_part_is_said_and_the_last_model_stays(start, monkeypatch, error):
    work = start()
    generator = work.work()
    up_to(generator, 4)
    good = weights(work.training.state.model)
    Memory(monkeypatch, 0, error)
    with pytest.raises(TrainingError, match=r"not enough memory for batches of 32 images.* with a batch size of 2;"):
        finish(generator)
    assert torch.equal(weights(model_file.load(work.run.model_path)[0]), good)


def test_memory_that_is_short_while_speeds_are_tried_is_halved_and_said(start, monkeypatch):
    monkeypatch.setattr(trainer.devices, "TRIAL_SECONDS", 1e-9)
    memory = Memory(monkeypatch, 16, NO_MEMORY[0])
    work = start(threads=0, precision="auto")
    notices = [progress.notice for progress in work.work() if progress.notice]
    assert len(notices) == 1
    assert "16 at a time" in notices[0]
    assert memory.asked.count(32) == 1
    assert work.training.state.parts == 2


# the disk


class FullDisk:
    """Takes half of what is written, then is full."""

    def __init__(self, file):
        self._file = file

    def __getattr__(self, name):
        return getattr(self._file, name)

    def write(self, content):
        self._file.write(content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def fill_disk(monkeypatch):
    def fill():
        whole = atomic.os.fdopen

        class Opened:
            def __init__(self, *arguments):
                self._file = whole(*arguments)

            def __enter__(self):
                return FullDisk(self._file.__enter__())

            def __exit__(self, *what):
                return self._file.__exit__(*what)

        monkeypatch.setattr(atomic.os, "fdopen", Opened)

    return fill


@pytest.mark.parametrize("how", ["at a checkpoint", "when it is stopped"])
def test_a_full_disk_is_said_and_the_old_files_stay(start, fill_disk, monkeypatch, how):
    work = start()
    generator = work.work()
    up_to(generator, 3)
    work.training.save()
    names = ("model.vae.safetensors", "state.safetensors")
    before = [(work.run.folder / name).read_bytes() for name in names]
    up_to(generator, 4)
    with monkeypatch.context() as patch:
        fill_disk()
        if how == "at a checkpoint":
            patch.setattr(training, "EPOCH_CHECKPOINT_INTERVAL", -1.0)
            with pytest.raises(TrainingError, match=r"The disk of .* is full: free some space and resume"):
                finish(generator)
        else:
            with pytest.raises(TrainingError, match=r"The disk of .* is full: free some space and resume"):
                generator.close()
        monkeypatch.undo()
    assert [(work.run.folder / name).read_bytes() for name in names] == before
    assert not list(work.run.folder.glob(f"{atomic.PREFIX}*"))
    assert not work.run.lock_path.exists()
    assert finish(Trainer(Run.open(work.run.folder)).work()).steps == 15


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOENT, errno.EIO])
def test_a_folder_that_can_no_longer_be_written_is_said(start, monkeypatch, number):
    work = start()
    generator = work.work()
    up_to(generator, 4)

    def refuse(path, *_arguments):
        raise OSError(number, "refused", str(path))

    monkeypatch.setattr(model_file.atomic, "write", refuse)
    monkeypatch.setattr(training, "EPOCH_CHECKPOINT_INTERVAL", -1.0)
    with pytest.raises(TrainingError, match=r"The run's folder .*run can no longer be written \(refused\)"):
        finish(generator)


def test_what_is_said_of_a_run_is_one_line_of_its_metrics(start, spoil):
    spoil({2})
    work = start()
    finish(work.work())
    lines = work.run.metrics_path.read_text().splitlines()
    assert sum("notice" in json.loads(line) for line in lines) == 1
