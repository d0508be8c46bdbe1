"""No numbers and no memory in a run, as the window tells of them."""

import pytest
import torch
from PySide6.QtCore import Qt

from vae_explorer.training import loop

WAIT = 20_000  # milliseconds


@pytest.fixture
def spoil(monkeypatch):
    """What the objective does at a training step, by its number; the others are as ever."""
    objective = loop.negative_elbo

    def spoil(steps, what):
        count = iter(range(10**6))

        def spoiled(model, x, *arguments):
            if torch.is_grad_enabled() and next(count) in steps:
                return what(objective(model, x, *arguments))
            return objective(model, x, *arguments)

        monkeypatch.setattr(loop, "negative_elbo", spoiled)

    return spoil


def no_number(loss):
    return loop.Loss(loss.total * float("nan"), loss.reconstruction, loss.kl_per_dimension)


def no_memory(_loss):
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


@pytest.fixture
def train(window, config, qtbot):
    """Trains with the form and the button; gives every sentence that was said."""

    def train(**changes):
        sentences = []
        window.session.failed.connect(sentences.append)
        window.training.form.set_config(config.model_copy(update=changes))
        qtbot.mouseClick(window.training.start, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: not window.session.training.is_active, timeout=WAIT)
        return sentences

    return train


def test_a_step_without_a_number_is_said_and_the_run_goes_on(window, train, said, spoil):
    spoil({4}, no_number)
    (sentence,) = train()
    why = "because the loss or a gradient was not finite"
    assert sentence == f"Step 5 was skipped {why}: lower the learning rate if this continues"
    assert said() == sentence
    assert window.session.training.state == "finished"


def test_too_little_memory_is_said_with_what_is_done_about_it(window, train, said, spoil):
    spoil({2}, no_memory)
    (sentence,) = train()
    assert sentence.startswith("There is not enough memory for 16 images at once: they are now computed 8 at a time")
    assert said() == sentence
    assert window.session.training.state == "finished"


def test_a_run_that_cannot_be_saved_by_that_ends_with_advice_and_its_last_model(window, train, said, spoil):
    spoil(set(range(3, 10**6)), no_number)
    sentences = train(epochs=30)
    assert "lower the learning rate (it is 0.001) and start again; the last good model is kept" in sentences[-1]
    assert said() == sentences[-1]
    assert window.session.training.state == "failed"
    assert window.run_bar.save.isVisible()
    assert all(parameter.isfinite().all() for parameter in window.session.model.snapshot.model.parameters())
    assert window.training.start.isEnabled()
