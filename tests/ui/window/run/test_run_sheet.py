"""Curves, KL and reconstructions of a run, in the sheet above the run bar."""

import json

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, Qt

from vae_explorer import paths
from vae_explorer.ui.theme import theme
from vae_explorer.ui.window.run.run_sheet import EMPTY, READING, RunSheet

WAIT = 20_000  # milliseconds
LONG = {"epochs": 100_000}


@pytest.fixture
def sheet(session, put_on):
    return put_on(RunSheet(session), 1400, 208)


def press(qtbot, control):
    qtbot.mouseClick(control, Qt.MouseButton.LeftButton)


def test_without_a_run_it_says_what_to_do(sheet):
    assert sheet.curves._message == EMPTY
    assert sheet.name.text == ""


def test_a_run_fills_it(sheet, session, start, until):
    start(epochs=3)
    until("finished")
    assert sheet.name.text == "blobs.npz mlp-2"
    curves = sheet.curves._curves
    assert curves["train"][0][-1] == curves["validation"][0][-1] == 3
    assert len(curves["validation"][1]) == 3
    kl = session.training.kl_per_dimension
    np.testing.assert_array_equal(sheet.bars._values, kl)
    assert sheet.bars_title.text == f"KL of each dimension {sum(kl):.1f} nats"


def test_the_curves_are_those_of_the_metrics_file(sheet, start, until, qtbot):
    start(epochs=3)
    until("finished")
    (folder,) = paths.runs().iterdir()
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text("utf-8").splitlines()]
    for key in ("elbo", "reconstruction", "kl"):
        press(qtbot, sheet.which.button(key))
        wanted = [line["validation"][key] for line in lines if "validation" in line]
        np.testing.assert_allclose(sheet.curves._curves["validation"][1], wanted)
        wanted = [line["train"][key] for line in lines if "train" in line]
        np.testing.assert_allclose(sheet.curves._curves["train"][1], wanted)


@pytest.mark.parametrize("size", [(1400, 208), (640, 208), (400, 160)])
def test_eight_validation_images_are_over_what_the_model_makes_of_them(
    sheet, session, start, until, config, qtbot, size
):
    sheet.resize(*size)
    start(epochs=3, likelihood="gaussian")
    until("finished")
    qtbot.waitUntil(lambda: sheet.examples.property("value") is not None, timeout=WAIT)
    shown = sheet.examples.property("value")
    count = len(shown) // 2
    assert shown.shape == (2 * count, 1, 8, 8)
    images = np.load(config.data)["images"] / np.float32(255)
    for x in shown[:count]:
        assert (np.abs(images - x[0]).max((1, 2)) < 1e-6).any()
    assert not np.array_equal(shown[:count], shown[count:])
    for at in range(count):
        over, under = sheet.examples.tile_rect(at), sheet.examples.tile_rect(at + count)
        assert over.x() == under.x()
        assert over.bottom() < under.top()


def test_while_the_curves_of_a_run_are_read_nothing_of_the_previous_run_is_shown(sheet, session, start, until, qtbot):
    start(epochs=2)
    until("finished")
    qtbot.waitUntil(lambda: sheet.examples._count() > 0, timeout=WAIT)
    before = session.training.curves
    assert sheet.last.text
    (folder,) = paths.runs().iterdir()
    session.training.open_run(folder)
    assert session.training.is_reading_curves
    assert sheet.curves._message == READING
    assert sheet.last.text == ""
    assert len(sheet.bars._values) == len(sheet.curves._curves) == sheet.examples._count() == 0
    qtbot.waitUntil(lambda: session.training.curves == before, timeout=WAIT)
    assert list(sheet.curves._curves["train"][0]) == before.epochs
    assert len(sheet.bars._values) == 2


def test_after_another_model_is_opened_it_says_whose_curves_it_shows(
    sheet, session, start, until, open_model, make_model
):
    start(epochs=1)
    until("finished")
    assert sheet.name.text == "blobs.npz mlp-2"
    open_model(make_model("mine"))
    assert sheet.name.text == "blobs.npz mlp-2   the window shows mine"
    assert sheet.curves._curves


def test_of_a_plain_autoencoder_there_is_one_curve_and_no_kl(sheet, start, until):
    start(kind="autoencoder")
    until("finished")
    in_sight = {key: sheet.which.button(key).isVisibleTo(sheet) for key in ("elbo", "reconstruction", "kl")}
    assert in_sight == {"elbo": False, "reconstruction": True, "kl": False}
    assert not sheet.bars.isVisibleTo(sheet)
    assert sheet.which.property("value") == "reconstruction"


def test_it_follows_only_while_it_is_in_sight(sheet, session, start, until, monkeypatch):
    sheet.hide()
    drawn = []
    monkeypatch.setattr(sheet.curves, "set_curves", drawn.append)
    start(epochs=3)
    until("finished")
    assert drawn == []
    sheet.show()
    assert len(drawn[-1]["validation"][0]) == 3


@pytest.mark.parametrize("scale", [100, 200])
def test_a_run_changes_no_layout(sheet, session, start, until, qtbot, layouts, scale):
    theme.set_scale(scale)
    start(**LONG)
    until("running")
    qtbot.waitUntil(lambda: session.training.reconstructions is not None, timeout=WAIT)
    qtbot.waitUntil(lambda: len(session.training.curves.validation_epochs) > 1, timeout=WAIT)
    qtbot.waitUntil(lambda: sheet.curves.view is not None, timeout=WAIT)
    QCoreApplication.sendPostedEvents()
    with layouts(sheet) as changed:
        count = len(session.training.curves.epochs)
        qtbot.waitUntil(lambda: len(session.training.curves.epochs) > count + 30, timeout=WAIT)
        QCoreApplication.sendPostedEvents()
    assert changed == []
