"""Training through its panel, around a session of its own."""

import json
import re

import numpy as np
import pytest
from PySide6.QtCore import Qt

from vae_explorer import paths
from vae_explorer.core.card import abilities_of
from vae_explorer.training.config import TrainConfig
from vae_explorer.ui.panels.training.training_panel import SENTENCES, TrainingPanel
from vae_explorer.ui.panels.training.what_is_trained import described

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


def test_at_first_only_start_can_be_pressed(panel):
    assert panel.start.isEnabled()
    assert not panel.pause.isEnabled()
    assert not panel.stop.isEnabled()
    assert panel.sentence.text() == SENTENCES["idle"]
    assert not any(
        part.isVisible() for part in (panel.resume.offer, panel.save, panel.back, panel.views, panel.progress)
    )
    assert panel.form.config() == TrainConfig()


def test_a_wrong_value_is_one_sentence_and_nothing_starts(panel, session, start, qtbot):
    panel.form.field("beta").setText("much")
    with qtbot.waitSignal(session.failed, timeout=WAIT) as failed:
        press(qtbot, panel.start)
    assert failed.args[0].startswith("β: ")
    assert session.training.state == "idle"
    assert not list(paths.runs().iterdir())


def test_a_run_goes_to_its_end_and_fills_the_panel(panel, session, start, until):
    start(epochs=3)
    until("finished")
    assert panel.sentence.text() == SENTENCES["finished"]
    assert panel.form.isEnabled()
    assert panel.start.isEnabled()
    assert not panel.progress.isVisible()
    assert panel.views.isVisible()
    curves = panel.curves._curves
    assert curves["train"][0][-1] == curves["validation"][0][-1] == 3
    assert len(curves["validation"][1]) == 3
    assert np.isfinite(curves["train"][1]).all()
    kl = session.training.kl_per_dimension
    np.testing.assert_array_equal(panel.bars._values, kl)
    assert panel.bars_sum.text() == f"{sum(kl):.1f} nats"


def test_the_curves_are_those_of_the_metrics_file(panel, session, start, until, qtbot):
    start(epochs=3)
    until("finished")
    (folder,) = paths.runs().iterdir()
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text("utf-8").splitlines()]
    for key in ("elbo", "reconstruction", "kl"):
        press(qtbot, panel.which.button(key))
        wanted = [line["validation"][key] for line in lines if "validation" in line]
        np.testing.assert_allclose(panel.curves._curves["validation"][1], wanted)
        wanted = [line["train"][key] for line in lines if "train" in line]
        np.testing.assert_allclose(panel.curves._curves["train"][1], wanted)


def test_eight_validation_images_stand_over_what_the_model_makes_of_them(panel, session, start, until, config, qtbot):
    start(epochs=3, likelihood="gaussian")
    until("finished")
    qtbot.waitUntil(lambda: panel.examples.grid.property("value") is not None, timeout=WAIT)
    shown = panel.examples.grid.property("value")
    count = len(shown) // 2
    assert shown.shape == (2 * count, 1, 8, 8)
    images = np.load(config.data)["images"] / np.float32(255)
    for x in shown[:count]:
        assert (np.abs(images - x[0]).max((1, 2)) < 1e-6).any()
    assert not np.array_equal(shown[:count], shown[count:])


def test_the_form_is_locked_while_a_run_goes_on(panel, session, start, until, qtbot):
    start(**LONG)
    assert not panel.form.isEnabled()
    assert not panel.start.isEnabled()
    until("running")
    assert panel.progress.isVisible()
    assert panel.pause.isEnabled()
    assert panel.stop.isEnabled()
    words = re.compile(r"epoch [\d.]+/100000 · [\d,]+ img/s.*")
    qtbot.waitUntil(lambda: bool(words.fullmatch(panel.sentence.text())), timeout=WAIT)
    press(qtbot, panel.stop)
    assert panel.sentence.text() == SENTENCES["stopping"]
    assert not panel.stop.isEnabled()
    until("stopped")
    assert panel.sentence.text() == SENTENCES["stopped"]
    assert panel.form.isEnabled()


def test_a_paused_run_rests_and_goes_on(panel, session, start, until, qtbot):
    start(**LONG)
    until("running")
    press(qtbot, panel.pause)
    assert session.training.state == "paused"
    assert panel.pause.text() == "▶ Resume"
    assert panel.sentence.text() == SENTENCES["paused"]
    assert not panel.form.isEnabled()
    progress = session.training.progress
    press(qtbot, panel.pause)
    qtbot.waitUntil(lambda: session.training.progress.done > progress.done, timeout=WAIT)
    assert panel.pause.text() == "❚❚ Pause"
    press(qtbot, panel.pause)
    press(qtbot, panel.stop)  # also while it rests
    until("stopped")


def test_the_curves_of_a_run_on_disk_come_without_the_views_going_away(panel, session, start, until, qtbot):
    start(epochs=3)
    until("finished")
    (folder,) = paths.runs().iterdir()
    before = session.training.curves
    hidden = []
    session.training.reported.connect(lambda: hidden.append(not panel.views.isVisible()))
    session.training.open_run(folder)
    assert panel.views.isVisible()
    qtbot.waitUntil(lambda: session.training.curves == before, timeout=WAIT)
    assert not any(hidden)
    x, _ = panel.curves._curves["train"]
    assert list(x) == before.epochs


def test_while_the_curves_of_a_run_are_read_nothing_of_the_previous_run_is_shown(panel, session, start, until, qtbot):
    start(epochs=2)
    until("finished")
    qtbot.waitUntil(lambda: panel.examples.grid._count() > 0, timeout=WAIT)
    assert panel.last.text()
    assert len(panel.bars._values) == 2
    (folder,) = paths.runs().iterdir()
    session.training.open_run(folder)
    assert session.training.is_reading_curves
    assert (panel.last.text(), panel.bars_sum.text()) == ("", "")
    assert len(panel.bars._values) == len(panel.curves._curves) == panel.examples.grid._count() == 0
    qtbot.waitUntil(lambda: not session.training.is_reading_curves, timeout=WAIT)
    assert panel.last.text()
    assert len(panel.bars._values) == 2


def test_a_stopped_run_can_be_resumed_where_it_was(panel, session, start, until, qtbot):
    start(**LONG)
    until("running")
    qtbot.waitUntil(lambda: len(session.training.curves.epochs) > 2, timeout=WAIT)
    press(qtbot, panel.stop)
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
    np.testing.assert_array_equal(panel.curves._curves["train"][0][: len(reported)], reported)
    press(qtbot, panel.stop)
    until("stopped")
    assert [one.name for one in paths.runs().iterdir()] == [folder.name]


def test_a_finished_run_is_not_offered(panel, start, until):
    start(epochs=1)
    until("finished")
    assert not panel.resume.offer.isVisible()


def test_after_a_run_one_can_go_back_to_the_opened_model(panel, session, open_model, make_model, start, until, qtbot):
    opened = open_model(make_model("mine"))
    start(epochs=1)
    until("finished")
    assert session.model.shows_trained
    assert panel.back.text() == "Back to mine"
    press(qtbot, panel.back)
    assert session.model.current is opened
    assert not panel.back.isVisible()
    assert not panel.save.isVisible()


def test_without_an_opened_model_the_trained_one_can_be_closed(panel, session, start, until, qtbot):
    start(epochs=1)
    until("finished")
    assert panel.back.text() == "Close this model"
    press(qtbot, panel.back)
    assert session.model.current is None


def test_save_asks_for_the_model_to_be_saved(panel, start, until, qtbot):
    start(epochs=1)
    until("finished")
    with qtbot.waitSignal(panel.save_asked, timeout=WAIT):
        press(qtbot, panel.save)


def test_images_that_cannot_be_read_fail_with_a_sentence_and_unlock_the_form(
    panel, session, start, until, tmp_path, qtbot
):
    with qtbot.waitSignal(session.failed, timeout=WAIT) as failed:
        start(data=str(tmp_path / "nowhere.npz"))
    assert "nowhere.npz" in failed.args[0]
    until("failed")
    assert panel.sentence.text() == f"Training has not started. {failed.args[0]}"
    assert panel.form.isEnabled()
    assert not panel.progress.isVisible()


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
    press(qtbot, panel.stop)
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


def test_of_a_plain_autoencoder_there_is_one_curve_and_no_kl(panel, session, start, until):
    start(kind="autoencoder")
    until("finished")
    in_sight = {key: panel.which.button(key).isVisibleTo(panel) for key in ("elbo", "reconstruction", "kl")}
    assert in_sight == {"elbo": False, "reconstruction": True, "kl": False}
    assert not panel.bars.isVisibleTo(panel)
    assert panel.which.property("value") == "reconstruction"
    assert "–" not in panel.last.text()


def test_the_page_asks_what_the_model_can_do_and_not_of_which_kind_it_is():
    """A third kind of model needs no new words here."""
    config = TrainConfig(kind="vae", patience=5)
    parts = dict(described(config, frozenset({"encode", "spread"}), None))
    assert "z(x)" in parts["Parameters"]
    assert "nothing else" in parts["Objective"]
    assert "log p(x|z)" in parts["Algorithm"]
