"""The contact sheet in the Train panel: what it shows of a set, and that a line's control changes how it is read."""

import threading
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget

from vae_explorer.core.progress import Progress
from vae_explorer.data import catalog
from vae_explorer.data.container import DataError
from vae_explorer.data.image_set import DataSet, ImageSet, Note, Skipped
from vae_explorer.session.jobs.jobs import DATA
from vae_explorer.ui.panels.training import data_sheet
from vae_explorer.ui.panels.training.data_sheet import EMPTY, MISSING, OUTDATED, READING, SWITCHES
from vae_explorer.ui.panels.training.training_panel import TrainingPanel
from vae_explorer.ui.theme import theme

WAIT = 20_000  # milliseconds
SIDE = 12


class Sets:
    """Data sets that are made here; each reading of one is noted, and waits while the gate is closed."""

    def __init__(self):
        self.readings, self.gate, self.failure, self.notes = [], threading.Event(), "", None
        self.gate.set()

    def load(self, data, reading):
        self.readings.append(reading)
        yield Progress(1, 40, "images")
        while not self.gate.wait(0.01):
            yield Progress(7, 40, "images")
        if self.failure:
            raise DataError(self.failure)
        side = reading.size or SIDE
        labels = np.arange(40) % 4
        level = 128 if reading.fit == "pad" else 255
        images = np.zeros((40, 1, side, side), np.uint8) + (labels * level // 3)[:, None, None, None].astype(np.uint8)
        path = type(self.path)("notes.txt")
        skipped = tuple(Skipped(path, f"notes {i}.txt is a text, not a picture") for i in range(3))
        notes = self.notes or (
            Note("12 images of other proportions were cropped", "fit"),
            Note("values 0 to 4,080 were stretched to 0…255", "white"),
            Note("the labels were left out"),
        )
        train = ImageSet("marks", images, labels)
        return DataSet("marks", train, None, ("a", "b", "c", "d"), skipped, notes=notes, sizes={(640, 480): 40})


@pytest.fixture
def sets(monkeypatch, tmp_path):
    made = Sets()
    made.path = tmp_path / "marks"
    made.path.mkdir()
    monkeypatch.setattr(catalog, "load", made.load)
    monkeypatch.setattr(data_sheet, "PAUSE", 0)
    yield made
    made.gate.set()


@pytest.fixture
def panel(session, sets, put_on):
    return put_on(TrainingPanel(session), 300, 900)


@pytest.fixture
def sheet(panel):
    return panel.sheet


@pytest.fixture
def opened(sheet, sets, session, qtbot):
    """The sheet of a set that was opened."""
    with qtbot.waitSignal(session.data.described, timeout=WAIT):
        session.data.open(sets.path)
    qtbot.waitUntil(lambda: not session.jobs.is_active, timeout=WAIT)
    return sheet


@pytest.fixture
def looked(session, qtbot):
    """Waits until what a gesture has begun to read is there."""

    def after(gesture):
        with qtbot.waitSignal(session.data.looked, timeout=WAIT):
            gesture()
        qtbot.waitUntil(lambda: not session.jobs.is_active, timeout=WAIT)

    return after


def press(qtbot, control):
    qtbot.mouseClick(control, Qt.MouseButton.LeftButton)


def sentences(sheet):
    return [line.sentence.text() for line in sheet.lines]


def twin(sheet, name):
    return sheet.findChild(QWidget, f"sheet_{name}")


def test_at_first_it_says_what_it_is_for_and_reads_nothing(sheet, sets):
    assert sheet.state.text() == EMPTY
    assert sheet.look.isVisible()
    assert not sheet.grid.isVisible()
    assert sets.readings == []


def test_a_set_that_is_opened_shows_its_images_by_class_and_a_line_for_everything(opened):
    assert opened.grid.isVisible()
    assert opened.grid.columns == 8
    assert [opened.grid.item_name(i) for i in (0, 31)] == [
        "image 1 of 32: marks train image 0 (a)",
        "image 32 of 32: marks train image 35 (d)",
    ]
    assert not opened.state.isVisible()
    assert sentences(opened) == [
        "sizes: 640 × 480 (40) → 12 × 12",
        "splits: 32 train, 4 validation, 4 test",
        "classes: a (10), b (10), c (10), d (10)",
        "12 images of other proportions were cropped",
        "values 0 to 4,080 were stretched to 0…255",
        "the labels were left out",
        "3 files were left out",
    ]
    tops = [line.mapTo(opened, line.rect().topLeft()).y() for line in opened.lines]
    assert tops == sorted(set(tops))


def test_every_field_of_a_reading_has_a_control_at_the_line_that_tells_of_it(opened):
    assert sorted(name for names in SWITCHES for name in names) == sorted(READING)
    assert [name for name in READING if twin(opened, name).isVisible()] == ["size", "fit", "black", "white"]
    assert twin(opened, "fit").parentWidget() is opened.lines[3]


def test_a_changed_control_reads_the_set_again_and_the_form_follows(opened, panel, sets, looked):
    looked(lambda: twin(opened, "size").setValue(16))
    assert sets.readings[-1].size == panel.form.config().size == 16
    assert opened.grid.numbers().shape == (32, 1, 16, 16)
    assert sentences(opened)[0] == "sizes: 640 × 480 (40) → 16 × 16"
    looked(lambda: panel.form.set_field("fit", "pad"))
    assert sets.readings[-1].fit == twin(opened, "fit").currentData() == "pad"


def test_the_likelihood_that_suits_follows_the_reading(opened, panel, looked):
    assert panel.form.config().likelihood == "gaussian"
    panel.form.set_field("likelihood", "bernoulli")  # the user's choice stays while nothing else suits
    looked(lambda: twin(opened, "size").setValue(16))
    assert panel.form.config().likelihood == "bernoulli"


def test_a_line_that_a_change_makes_needless_stays_so_that_the_change_can_be_taken_back(opened, sets, looked):
    sets.notes = (Note("nothing to tell"),)
    looked(lambda: twin(opened, "white").setCurrentText("255"))
    assert "value of black: auto, value of white: 255" in sentences(opened)
    assert twin(opened, "white").isVisible()
    looked(lambda: twin(opened, "white").setCurrentText("auto"))
    assert not twin(opened, "white").isVisible()


def test_a_control_keeps_the_focus_while_its_line_is_told_anew(opened, panel, looked, qtbot):
    panel.activateWindow()
    control = twin(opened, "fit")
    control.setFocus()
    qtbot.waitUntil(control.hasFocus)
    looked(lambda: qtbot.keyClick(control, Qt.Key.Key_Down))
    assert control.hasFocus()


def test_while_it_is_read_again_the_last_one_stays_and_it_can_be_cancelled(opened, sets, session, qtbot):
    sets.gate.clear()
    twin(opened, "size").setValue(16)
    qtbot.waitUntil(lambda: opened.grid.accessibleDescription() == "Reading… 7 of 40 images", timeout=WAIT)
    assert opened.grid.numbers().shape == (32, 1, 12, 12)
    press(qtbot, opened.cancel)
    qtbot.waitUntil(lambda: not session.jobs.is_active, timeout=WAIT)
    assert opened.state.text() == OUTDATED
    assert not opened.grid.accessibleDescription()
    assert not opened.cancel.isVisible()
    sets.gate.set()
    with qtbot.waitSignal(session.data.looked, timeout=WAIT):
        press(qtbot, opened.look)
    assert not opened.state.isVisible()


def test_the_controls_stay_where_they_are_while_it_is_read(opened, sets, qtbot):
    def places():
        QCoreApplication.sendPostedEvents()
        return [line.mapTo(opened.window(), line.rect().topLeft()) for line in opened.lines]

    before = places()
    sets.gate.clear()
    twin(opened, "size").setValue(16)
    assert places() == before
    qtbot.waitUntil(lambda: len(sets.readings) == 2, timeout=WAIT)
    assert places() == before


@pytest.mark.parametrize("scale", [100, 200])
def test_its_parts_are_below_each_other_whatever_comes_and_goes(opened, sets, session, qtbot, scale):
    def in_order():
        QCoreApplication.sendPostedEvents()
        parts = [opened.grid, opened.state, opened.look, *opened.lines, opened.cancel]
        shown = [part.geometry() for part in parts if part.isVisible()]
        assert all(upper.bottom() < lower.top() for upper, lower in pairwise(shown))
        assert shown[-1].bottom() <= opened.height()
        return len(shown)

    theme.set_scale(scale)
    before = in_order()
    sets.gate.clear()
    twin(opened, "size").setValue(16)
    qtbot.waitUntil(lambda: len(sets.readings) == 2, timeout=WAIT)
    assert in_order() == before + 1  # Cancel
    sets.failure = "This is a long sentence that says why it was not possible to read the images of the set in this way"
    with qtbot.waitSignal(session.failed, timeout=WAIT):
        sets.gate.set()
    assert in_order() == before + 2  # the sentence, and to try again
    qtbot.waitUntil(lambda: not session.jobs.is_active, timeout=WAIT)


def test_what_is_changed_while_a_set_is_opened_is_read_afterwards(sheet, panel, sets, session, looked):
    sets.gate.clear()
    session.data.open(sets.path)
    panel.form.set_field("size", 16)
    looked(sets.gate.set)
    assert [reading.size for reading in sets.readings] == [0, 16]
    assert sheet.grid.numbers().shape == (32, 1, 16, 16)


def test_a_change_that_is_taken_back_at_once_leaves_what_is_there(opened, sets, session, qtbot):
    sets.gate.clear()
    twin(opened, "size").setValue(16)
    qtbot.waitUntil(lambda: len(sets.readings) == 2, timeout=WAIT)
    twin(opened, "size").setValue(0)
    qtbot.waitUntil(lambda: not session.jobs.is_active, timeout=WAIT)
    assert len(sets.readings) == 2
    assert not opened.state.isVisible()


def test_a_set_that_cannot_be_read_in_this_way_says_why_and_is_tried_once(opened, panel, sets, session, qtbot):
    sets.failure = "marks has too few images of that size"
    with qtbot.waitSignal(session.failed, timeout=WAIT):
        twin(opened, "size").setValue(16)
    assert opened.state.text() == sets.failure
    assert opened.look.isVisible()
    assert opened.grid.isVisible()  # as it was
    panel.form.set_field("epochs", 7)
    assert not opened._later.isActive()


def test_a_value_that_cannot_be_leaves_the_sheet_as_it_is(opened, panel):
    twin(opened, "white").setCurrentText("much")
    assert not opened._later.isActive()
    assert not opened.state.isVisible()


@pytest.mark.parametrize("how", ["picked", "asked for"])
def test_a_set_of_the_catalog_is_shown_when_it_is_chosen_if_it_is_there_else_when_asked_for(
    sheet, panel, sets, looked, qtbot, monkeypatch, how
):
    monkeypatch.setattr(catalog, "at_hand", lambda name: how == "picked" and name == "fashion-mnist")
    field = panel.form.field("data")

    def pick():
        field.setCurrentIndex(field.findData("fashion-mnist"))
        field.activated.emit(field.currentIndex())

    if how == "picked":
        looked(pick)
    else:
        pick()
        assert sets.readings == []
        looked(lambda: press(qtbot, sheet.look))
    assert panel.form.config().likelihood == "gaussian"  # what suits a set that was picked
    assert sheet.grid.isVisible()


def test_looking_alone_changes_no_likelihood(sheet, panel, looked, qtbot):
    looked(lambda: press(qtbot, sheet.look))
    assert panel.form.config().likelihood == "bernoulli"


def test_a_likelihood_that_the_user_has_chosen_stays_whatever_is_read(opened, panel, looked):
    field = panel.form.field("likelihood")
    field.setCurrentText("bernoulli")
    field.activated.emit(field.currentIndex())
    looked(lambda: twin(opened, "fit").setCurrentText("pad"))
    looked(lambda: twin(opened, "size").setValue(16))
    assert panel.form.config().likelihood == "bernoulli"


def test_each_set_is_read_in_its_own_way(opened, panel, session, sets, looked, qtbot, tmp_path):
    looked(lambda: twin(opened, "size").setValue(16))
    (tmp_path / "other").mkdir()
    with qtbot.waitSignal(session.data.described, timeout=WAIT):
        session.data.open(tmp_path / "other")
    assert panel.form.config().size == 0
    field = panel.form.field("data")
    field.setCurrentIndex(field.findData(str(sets.path)))
    field.activated.emit(field.currentIndex())
    assert panel.form.config().size == 16
    assert opened.grid.numbers().shape == (32, 1, 16, 16)
    qtbot.waitUntil(lambda: not session.jobs.is_active, timeout=WAIT)


def test_images_that_are_gone_are_said_and_nothing_is_offered(sheet, panel, tmp_path):
    panel.form.set_data(str(tmp_path / "nowhere"))
    assert sheet.state.text() == MISSING
    assert not sheet.look.isVisible()


def test_a_set_that_is_being_opened_says_how_far_it_is(sheet, sets, session, qtbot):
    sets.gate.clear()
    session.data.open(sets.path)
    qtbot.waitUntil(lambda: sheet.state.text() == "Reading… 7 of 40 images", timeout=WAIT)
    assert not sheet.grid.isVisible()
    press(qtbot, sheet.cancel)
    qtbot.waitUntil(lambda: not session.jobs.is_active, timeout=WAIT)
    assert DATA not in session.jobs.running
    assert sheet.state.text() == EMPTY


def test_a_list_unfolds_by_key_and_says_how_many_more_there_are(opened, sets, session, qtbot):
    line = opened.lines[-1]
    assert not line.list.isVisible()
    line.unfold.setFocus()
    qtbot.keyClick(line.unfold, Qt.Key.Key_Space)
    assert line.list.text().splitlines() == [f"notes {i}.txt is a text, not a picture" for i in range(3)]
    qtbot.keyClick(line.unfold, Qt.Key.Key_Space)
    assert not line.list.isVisible()
    line.show_note("many", [f"{i} is no picture" for i in range(1000)])
    line.unfold.click()
    assert line.list.text().splitlines()[50:] == ["… and 950 more, which vae-explorer data info names"]


def test_an_image_that_is_chosen_is_encoded(opened, session, open_model, make_model, qtbot):
    open_model(make_model("mine", kl=[1.0, 2.0, 3.0]))
    before = len(session.image.images)
    opened.grid.setFocus()
    qtbot.keyClick(opened.grid, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(session.image.images) == before + 1, timeout=WAIT)
    assert session.image.pictures[session.image.image].name == "marks train image 0 (a)"


def test_its_command_makes_the_same_sheet(opened, session, looked, tmp_path):
    looked(lambda: twin(opened, "black").setCurrentText("-1024"))
    arguments = session.take_away.sheet_command(session.data.summary(str(tmp_path / "marks"))).arguments
    assert arguments[:4] == ("data", "info", str(tmp_path / "marks"), "--black=-1024.0")
    assert arguments[4] == "--sheet"


def test_tab_walks_from_the_row_of_the_images_through_the_sheet_to_the_next_row(opened, panel, qtbot):
    panel.activateWindow()
    qtbot.waitUntil(panel.isActiveWindow)
    panel.form.field("data").setFocus()
    walked = []
    while not walked or walked[-1] != "train_kind":
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        walked.append(QApplication.focusWidget().objectName())
        assert len(walked) < 10
    assert walked == [
        "dataSheetImages",
        *(f"sheet_{name}" for name in ("size", "fit", "black", "white")),
        "",
        "train_kind",
    ]


@pytest.mark.parametrize("scale", [80, 100, 200])
def test_nothing_is_cut_in_a_narrow_drawer(opened, panel, qtbot, scale):
    """Also where the size of the type has changed while the drawer was closed."""
    opened.lines[-1].unfold.click()
    panel.hide()
    theme.set_scale(scale)
    panel.resize(max(300, theme.pixels(300)), 900)
    panel.show()
    qtbot.waitExposed(panel)
    QCoreApplication.sendPostedEvents()
    room = opened.width()
    for part in [*opened.findChildren(QLabel), *opened.findChildren(QPushButton), opened.grid]:
        if part.isVisible():
            place = part.mapTo(opened, part.rect().topLeft())
            assert place.x() >= 0
            assert place.x() + part.width() <= room, part.objectName()
            if not isinstance(part, QLabel) or part.wordWrap() is False:
                assert part.width() >= part.minimumSizeHint().width()
            if isinstance(part, QLabel) and part.wordWrap():
                assert part.height() >= part.heightForWidth(part.width()), part.text()
    last = opened.grid.tile_rect(31)
    assert last.right() <= opened.grid.width()
    assert last.bottom() <= opened.grid.height()
