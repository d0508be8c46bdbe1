"""Setting up a run through its panel, around a session of its own."""

import re

import pytest
from PySide6.QtCore import QCoreApplication, QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QScrollArea

from vae_explorer import paths
from vae_explorer.core.card import abilities_of
from vae_explorer.training.config import TrainConfig
from vae_explorer.ui.panels.training.training_panel import CHOOSE, LOCKED, TrainingPanel
from vae_explorer.ui.panels.training.what_is_trained import described
from vae_explorer.ui.theme import theme

WAIT = 20_000  # milliseconds: a run is torch, files and threads
LONG = {"epochs": 100_000}


@pytest.fixture
def panel(session, put_on):
    return put_on(TrainingPanel(session), 320, 900)


@pytest.fixture
def start(panel, config, qtbot):
    """Fills the form in and presses Start."""

    def press(**changes):
        panel.form.set_config(config.model_copy(update=changes))
        qtbot.mouseClick(panel.start, Qt.MouseButton.LeftButton)

    return press


@pytest.fixture
def until(session, qtbot):
    """Waits for a state of the training; for an end until its thread has gone."""

    def wait(state):
        training = session.training
        active = state in ("loading", "running", "paused", "stopping")
        qtbot.waitUntil(lambda: training.state == state and training.is_active == active, timeout=WAIT)

    return wait


def press(qtbot, control):
    qtbot.mouseClick(control, Qt.MouseButton.LeftButton)


def turn_wheel(widget, by=-120):
    window = widget.window()
    place = QPointF(widget.mapTo(window, widget.rect().center()))
    QTest.wheelEvent(window.windowHandle(), place, QPoint(0, by))


def test_at_first_a_run_can_be_started_with_the_usual_options(panel):
    assert panel.start.isEnabled()
    assert panel.sentence.text() == CHOOSE
    assert not panel.resume.offer.isVisible()
    assert panel.form.config() == TrainConfig()


def test_the_form_is_locked_while_a_run_goes_on_and_all_its_rows_can_be_read(panel, session, start, until, qtbot):
    with qtbot.waitSignal(panel.started, timeout=WAIT):
        start(**LONG)
    assert panel.form.is_locked
    assert not panel.start.isEnabled()
    assert panel.sentence.text() == LOCKED
    assert not panel.form.field("epochs").isEnabled()
    press(qtbot, panel.form.more)
    assert panel.form.field("seed").isVisible()
    assert not panel.form.field("seed").isEnabled()
    until("running")
    session.training.stop()
    until("stopped")
    assert not panel.form.is_locked
    assert panel.form.field("seed").isEnabled()
    assert panel.sentence.text() == CHOOSE


def test_a_run_changes_no_layout_of_the_panel(panel, session, start, until, qtbot, layouts):
    start(**LONG)
    until("running")
    qtbot.waitUntil(lambda: session.training.facts is not None, timeout=WAIT)
    QCoreApplication.sendPostedEvents()
    with layouts(panel) as changed:
        count = len(session.training.curves.epochs)
        qtbot.waitUntil(lambda: len(session.training.curves.epochs) > count + 20, timeout=WAIT)
    assert changed == []
    session.training.stop()
    until("stopped")


def test_the_wheel_scrolls_the_panel_over_every_control_without_the_focus(panel, qtbot):
    panel.resize(300, 220)
    before = panel.form.config()
    bar = panel.findChild(QScrollArea).verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    for name in ("data", "kind", "network", "z_dim", "likelihood", "epochs"):
        field = panel.form.field(name)
        panel.findChild(QScrollArea).ensureWidgetVisible(field)
        place = bar.value()
        turn_wheel(field, 120 if place else -120)
        assert bar.value() != place, name
        assert not field.hasFocus()
    assert panel.form.config() == before


def test_the_wheel_turns_the_control_in_focus_until_a_click_beside_it(panel, qtbot):
    panel.activateWindow()
    panel.resize(300, 900)
    field = panel.form.field("z_dim")
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    turn_wheel(field)
    assert field.value() == TrainConfig().z_dim - 1
    QTest.mouseClick(panel.windowHandle(), Qt.MouseButton.LeftButton, pos=QPoint(panel.width() - 40, 20))
    assert not field.hasFocus()
    turn_wheel(field)
    assert field.value() == TrainConfig().z_dim - 1


def test_start_follows_the_first_rows_for_tab(panel, qtbot):
    panel.activateWindow()
    qtbot.waitUntil(panel.isActiveWindow)
    panel.form.field("data").setFocus()
    walked = []
    for _ in range(7):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        walked.append(QApplication.focusWidget().objectName())
    assert walked[-1] == "trainStart"
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert QApplication.focusWidget().objectName() == "trainMore"


@pytest.mark.parametrize("scale", [80, 100, 150, 200])
def test_no_label_and_no_button_is_cut_in_a_narrow_drawer(panel, session, config, qtbot, scale, tmp_path):
    """Also with names of 80 characters: of the data set, and in the sentences."""
    theme.set_scale(scale)
    long = tmp_path / f"{'long_name_' * 8}.npz"
    long.write_bytes(type(tmp_path)(config.data).read_bytes())
    with qtbot.waitSignal(session.data.described, timeout=WAIT):
        session.data.open(long)
    press(qtbot, panel.form.more)
    panel.resize(max(300, theme.pixels(200)), 700)
    QCoreApplication.sendPostedEvents()
    area = panel.findChild(QScrollArea)
    assert area.widget().width() <= area.viewport().width()
    for part in [*panel.findChildren(QLabel), *panel.findChildren(QPushButton)]:
        if part.isVisible():
            needed = part.minimumSizeHint().width()
            assert part.width() >= needed, part.text()
            assert part.mapTo(panel, part.rect().topRight()).x() < panel.width(), part.text()


def test_a_wrong_value_is_one_sentence_and_nothing_starts(panel, session, start, qtbot):
    panel.form.field("beta").setText("much")
    with qtbot.waitSignal(session.failed, timeout=WAIT) as failed:
        press(qtbot, panel.start)
    assert failed.args[0] == "β must be a number, got much"
    assert session.training.state == "idle"
    assert not list(paths.runs().iterdir())


def test_a_stopped_run_can_be_resumed_where_it_was(panel, session, start, until, qtbot):
    start(**LONG)
    until("running")
    qtbot.waitUntil(lambda: len(session.training.curves.epochs) > 2, timeout=WAIT)
    session.training.stop()
    until("stopped")
    (folder,) = paths.runs().iterdir()
    assert panel.resume.offer.isVisible()
    assert folder.name in panel.resume.offer.toolTip()
    reported = list(session.training.curves.epochs)
    panel.form.set_config(TrainConfig())
    press(qtbot, panel.resume.offer)
    assert panel.form.config().epochs == LONG["epochs"]
    assert not panel.resume.offer.isVisible()
    until("running")
    assert session.training.progress.done >= round(3 * reported[-1])  # of 48 images, 16 in a step
    qtbot.waitUntil(lambda: not session.training.is_reading_curves, timeout=WAIT)
    assert session.training.curves.epochs[: len(reported)] == reported
    session.training.stop()
    until("stopped")
    assert [one.name for one in paths.runs().iterdir()] == [folder.name]


def test_a_finished_run_is_not_offered(panel, start, until):
    start(epochs=1)
    until("finished")
    assert not panel.resume.offer.isVisible()


def test_images_that_cannot_be_read_fail_with_a_sentence_and_unlock_the_form(
    panel, session, start, until, tmp_path, qtbot
):
    with qtbot.waitSignal(session.failed, timeout=WAIT) as failed:
        start(data=str(tmp_path / "nowhere.npz"))
    assert "nowhere.npz" in failed.args[0]
    until("failed")
    assert panel.sentence.text() == f"Training has not started. {failed.args[0]}"
    assert not panel.form.is_locked


def test_a_folder_that_was_brought_in_is_described_and_chosen(panel, session, config, qtbot):
    with qtbot.waitSignal(session.data.described, timeout=WAIT):
        session.data.open(type(paths.runs())(config.data))
    assert panel.form.config().data == config.data
    assert panel.sentence.text() == "blobs: 60 images, 8 × 8 grey pixels"


def test_a_set_that_is_to_be_downloaded_says_how_large_it_is(panel):
    field = panel.form.field("data")
    texts = {field.itemData(i): field.itemText(i) for i in range(field.count())}
    assert re.fullmatch(r".+ \(\d+ MB download\)", texts["mnist"])
    assert "MB" not in texts["drawn-digits"]


def what(panel):
    return re.sub("<[^>]*>", " ", panel.what.text.text())


def test_what_is_being_trained_follows_the_form(panel, qtbot):
    assert not panel.what.isVisible()
    press(qtbot, panel.what_button)
    assert panel.what.isVisible()
    assert "Bernoulli" in what(panel)
    assert "16 dimensions" in what(panel)
    panel.form.field("likelihood").setCurrentText("gaussian")
    panel.form.field("z_dim").setValue(5)
    panel.form.field("beta").selectAll()
    qtbot.keyClicks(panel.form.field("beta"), "4")
    assert "5 dimensions" in what(panel)
    assert "4 · ½ Σ" in what(panel)
    assert "Bernoulli" not in what(panel)
    panel.form.field("sigma").setCurrentText("lecture")
    assert "‖x − f(z)‖² + constant" in what(panel)
    press(qtbot, panel.what_button)
    assert not panel.what.isVisible()


def test_what_is_being_trained_counts_images_and_parameters_of_the_run(panel, session, start, until, qtbot):
    press(qtbot, panel.what_button)
    start(likelihood="bernoulli", **LONG)
    qtbot.waitUntil(lambda: session.training.facts is not None, timeout=WAIT)
    text = what(panel)
    # z 2 → 16 → 16 → 64 pixels, and 64 → 16 → 16 → 2 · 2, each with its biases
    assert f"{2 * 16 + 16 + 16 * 16 + 16 + 16 * 64 + 64:,}" in text
    assert f"{64 * 16 + 16 + 16 * 16 + 16 + 16 * 4 + 4:,}" in text
    assert "48 training and 6 validation images" in text  # of 60, and 6 for the test
    assert "cpu" in text.lower() or "processor" in text.lower()
    session.training.stop()
    until("stopped")


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("warm_up", [0, 2.5])
def test_the_algorithm_is_the_five_lines_of_the_lecture(likelihood, warm_up):
    config = TrainConfig(likelihood=likelihood, warm_up=warm_up, batch_size=77, learning_rate=0.002)
    parts = dict(described(config, abilities_of(config), None))
    lines = parts["Algorithm"].split("<br>")
    assert [line[:2] for line in lines] == ["1.", "2.", "3.", "4.", "5."]
    assert "77 images" in lines[0]
    assert ("black or white" in lines[0]) == (likelihood == "bernoulli")
    assert "0.002" in lines[4]
    assert ("first 2.5 epochs" in parts["Objective"]) == bool(warm_up)


@pytest.mark.parametrize(("validation_images", "kept"), [(0, "10 %"), (10_000, "10,000")])
def test_the_page_says_how_many_images_are_kept_for_validation(validation_images, kept):
    config = TrainConfig(data="mnist", validation_images=validation_images)
    parts = dict(described(config, abilities_of(config), None))
    assert parts["Data"] == f"mnist; {kept} of the training images are kept for validation"


def test_of_a_plain_autoencoder_the_page_names_no_q_no_kl_and_no_elbo_but_to_deny_them():
    config = TrainConfig(kind="autoencoder", beta=4.0, warm_up=3.0, patience=5)
    parts = dict(described(config, abilities_of(config), None))
    assert "nothing else" in parts["Objective"]
    told = " ".join([*parts.values()]).replace("No prior and no q(z|x), so it cannot generate", "")
    for word in ("q(z|x)", "prior", "σ(x)", "ε", "ELBO", "KL", "β", "log σ²"):
        assert word not in told
    assert [line[:2] for line in parts["Algorithm"].split("<br>")] == ["1.", "2.", "3.", "4.", "5."]


def test_the_page_asks_what_the_model_can_do_and_not_of_which_kind_it_is():
    """A third kind of model needs no new words here."""
    config = TrainConfig(kind="vae", patience=5)
    parts = dict(described(config, frozenset({"encode", "spread"}), None))
    assert "z(x)" in parts["Parameters"]
    assert "nothing else" in parts["Objective"]
    assert "log p(x|z)" in parts["Algorithm"]
