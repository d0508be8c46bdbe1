"""The image and its posterior, around a session of their own."""

import csv
import io

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QCheckBox, QWidget

from vae_explorer.errors import UserError
from vae_explorer.export.picture import png
from vae_explorer.session.records import Origin
from vae_explorer.ui.panels.image.image_panel import EMPTY, GREY, ImagePanel
from vae_explorer.ui.widgets.numbers import figure, z_name

WAIT = 30_000  # milliseconds


@pytest.fixture
def panel(session, put_on):
    return put_on(ImagePanel(session), 420, 620)


@pytest.fixture
def tiny(open_model, make_model):
    return open_model(make_model())


def click_tile(qtbot, panel, at, button=Qt.MouseButton.LeftButton):
    grid = panel.strip.grid
    qtbot.mouseClick(grid, button, pos=grid.tile_rect(at).center().toPoint())


def sign(panel):
    """Before log p(x)."""
    return panel.line._operators["log_evidence"].text()


def value(panel, name):
    return panel.findChild(QWidget, name).property("value")


def test_without_a_model_it_is_empty_and_asks_for_nothing(panel):
    assert panel.photo.property("value") is None
    assert len(value(panel, "encodeMu")) == 0
    assert panel.photo.accessibleDescription() == ""


def test_with_a_model_and_no_image_it_says_what_to_do(panel, tiny):
    assert panel.photo.accessibleDescription() == EMPTY
    assert {label.text() for label in panel.figures.values()} == {"–"}


def test_while_an_image_is_being_read_it_says_so(panel, tiny, session, images, qtbot):
    session.image.open([Origin("a.png", png(images[0]))])
    assert panel.photo.accessibleDescription() == "reading…"
    qtbot.waitUntil(lambda: session.image.posterior is not None, timeout=WAIT)
    assert panel.photo.accessibleDescription() == ""


def test_it_shows_mu_and_sigma_in_full_precision(panel, tiny, session, bring):
    posterior = bring(0)
    np.testing.assert_array_equal(value(panel, "encodeMu"), session.image.posterior.mu)
    np.testing.assert_array_equal(value(panel, "encodeSigma"), session.image.posterior.sigma)
    for j in range(3):
        session.latent.point_at(j)
        assert panel.posterior.mu.text() == f"μ {figure(posterior.mu[j], 2)}"
        assert panel.posterior.dimension.text() == z_name(j)


def test_it_shows_the_photo_x_the_reconstruction_and_their_difference(panel, tiny, bring, images):
    posterior = bring(0)
    np.testing.assert_array_equal(panel.photo.property("value"), images[0])
    np.testing.assert_allclose(panel.x_view.property("value"), images[0].transpose(2, 0, 1) / 255, atol=1e-6)
    np.testing.assert_array_equal(panel.reconstruction.property("value"), posterior.reconstruction_image)
    difference = posterior.reconstruction_image - posterior.x
    np.testing.assert_array_equal(panel.difference.property("value"), difference)
    assert panel.pictures.captions[0].text() == "x, 8 × 8"


def test_the_parts_of_log_p_come_from_the_same_draws_and_add_up(panel, tiny, session, bring, qtbot):
    bring(0)
    qtbot.waitUntil(lambda: session.evidence.shown is not None and session.evidence.shown.is_whole, timeout=5000)
    evidence = session.evidence.shown
    texts = {key: label.text() for key, label in panel.figures.items()}
    assert texts == {
        "reconstruction": figure(evidence.reconstruction, 1),
        "kl": figure(evidence.kl, 1),
        "elbo": figure(evidence.elbo, 1),
        "gap": figure(evidence.gap, 1),
        "log_evidence": figure(evidence.log_evidence, 1),
    }
    assert evidence.elbo == pytest.approx(evidence.reconstruction - evidence.kl)
    assert evidence.log_evidence == pytest.approx(evidence.elbo + evidence.gap)
    assert "5,000 draws" in panel.figures["elbo"].toolTip()
    assert f"± {figure(evidence.standard_error, 1)}" in panel.figures["log_evidence"].toolTip()
    assert sign(panel) == "="


def test_where_too_few_draws_carry_the_weight_log_p_is_not_given_as_if_it_were_known(
    panel, tiny, session, bring, qtbot
):
    bring(0)
    session.evidence.set_importance_samples(5)
    qtbot.waitUntil(lambda: session.evidence.shown is not None and session.evidence.shown.draws == 5, timeout=5000)
    evidence = session.evidence.shown
    assert panel.figures["log_evidence"].text() == figure(evidence.log_evidence, 1)
    assert sign(panel) == "≈"
    assert "±" not in panel.figures["log_evidence"].toolTip()
    assert "may be off by nats" in panel.figures["log_evidence"].toolTip()
    assert "may be off" not in panel.figures["elbo"].toolTip()
    session.evidence.set_importance_samples(5000)
    qtbot.waitUntil(lambda: sign(panel) == "=", timeout=5000)
    assert "may be off" not in panel.figures["gap"].toolTip()


def test_the_name_and_the_size_of_the_file_stand_over_it(panel, tiny, bring):
    bring(0)
    assert panel.name.toolTip() == "image 0.png · 8 × 8"


def test_the_copy_is_a_csv_in_full_precision(panel, tiny, bring):
    posterior = bring(0)
    panel.copy_csv()
    rows = list(csv.DictReader(io.StringIO(QGuiApplication.clipboard().text())))
    assert [int(row["dimension"]) for row in rows] == [0, 1, 2]
    for name, wanted in (("mu", posterior.mu), ("sigma", posterior.sigma), ("kl", posterior.kl_per_dimension)):
        np.testing.assert_array_equal(np.array([row[name] for row in rows], np.float32), wanted)


def test_without_an_image_the_copy_leaves_the_clipboard_alone(panel, tiny):
    QGuiApplication.clipboard().setText("mine")
    panel.copy_csv()
    assert QGuiApplication.clipboard().text() == "mine"


def test_a_step_of_the_preparation_can_be_switched_and_the_undo_puts_it_back(
    panel, session, open_model, make_model, bring, qtbot
):
    open_model(make_model(likelihood="bernoulli"))
    before = bring(0)
    assert np.isin(before.x, (0, 1)).all()
    switch = panel.findChild(QCheckBox, "step_binarise")
    assert switch.isChecked()
    assert switch.toolTip() == switch.accessibleDescription() != ""
    switch.setFocus()
    qtbot.keyClick(switch, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: not np.isin(session.image.posterior.x if session.image.posterior else 0, (0, 1)).all())
    assert panel.remark.text() == GREY
    assert not np.array_equal(value(panel, "encodeMu"), before.mu)
    session.undo.undo()
    qtbot.waitUntil(lambda: panel.remark.text() != GREY, timeout=WAIT)
    np.testing.assert_array_equal(value(panel, "encodeMu"), before.mu)
    assert switch.isChecked()
    assert panel.findChild(QCheckBox, "step_binarise") is switch  # so the focus stays on it


def test_a_click_on_a_thumbnail_chooses_its_image(panel, tiny, session, bring, qtbot):
    bring(0, 1, 2)
    first = session.image.image
    click_tile(qtbot, panel, 2)
    assert session.image.image == session.image.images[2] != first
    qtbot.waitUntil(lambda: session.image.posterior is not None, timeout=WAIT)
    np.testing.assert_array_equal(value(panel, "encodeMu"), session.image.posterior.mu)
    assert panel.name.toolTip().startswith("image 2.png")
    session.undo.undo()
    assert session.image.image == first
    assert panel.name.toolTip().startswith("image 0.png")


def test_what_was_brought_last_stands_first_in_the_strip(panel, tiny, session, bring):
    bring(0, 1)
    bring(3)
    assert [session.image.pictures[i].name for i in session.image.images] == [
        "image 3.png",
        "image 0.png",
        "image 1.png",
    ]
    assert len(panel.strip.grid.property("value")) == 3


def test_delete_takes_the_chosen_image_out_and_undo_brings_it_back(panel, tiny, session, bring, qtbot):
    bring(0, 1, 2)
    whole = session.image.images
    click_tile(qtbot, panel, 1)
    qtbot.keyClick(panel.strip.grid, Qt.Key.Key_Delete)
    assert session.image.images == (whole[0], whole[2])
    assert session.image.image == whole[2]
    assert len(panel.strip.grid.property("value")) == 2
    session.undo.undo()
    assert session.image.images == whole


@pytest.mark.qt_log_ignore("^This plugin does not support")
def test_the_menu_of_a_thumbnail_takes_it_out(panel, tiny, session, bring, answer_menu):
    bring(0, 1)
    whole = session.image.images
    answer_menu(0)
    panel.strip.grid.customContextMenuRequested.emit(panel.strip.grid.tile_rect(1).center().toPoint())
    assert session.image.images == whole[:1]


def test_when_the_last_image_is_taken_out_the_panel_is_empty_again(panel, tiny, session, bring):
    bring(0)
    session.image.remove(session.image.image)
    assert panel.photo.property("value") is None
    assert panel.x_view.property("value") is None
    assert len(value(panel, "encodeMu")) == 0
    assert panel.photo.accessibleDescription() == EMPTY


def test_until_the_next_image_is_encoded_the_numbers_of_the_last_are_not_copied(panel, tiny, session, bring, qtbot):
    bring(0, 1)
    QGuiApplication.clipboard().setText("mine")
    session.image.choose(session.image.images[1])
    assert session.image.posterior is None
    panel.copy_csv()
    assert QGuiApplication.clipboard().text() == "mine"
    qtbot.waitUntil(lambda: session.image.posterior is not None, timeout=WAIT)


def test_an_image_that_cannot_be_encoded_is_said_over_x(panel, tiny, session, images, answering, qtbot):
    def broken(_request):
        raise UserError("no memory is left")

    answering["encode"] = broken
    with qtbot.waitSignal(session.failed, timeout=WAIT):
        session.image.open([Origin("a.png", png(images[0]))])
    assert panel.x_view.accessibleDescription() == "The image could not be encoded: no memory is left"
    np.testing.assert_array_equal(panel.photo.property("value"), images[0])


def test_what_is_no_image_changes_nothing_but_says_why(panel, tiny, session, bring, qtbot):
    posterior = bring(0)
    with qtbot.waitSignal(session.failed, timeout=WAIT) as failed:
        session.image.open([Origin("notes.png", b"no picture at all")])
    assert "notes.png" in failed.args[0]
    assert panel.photo.accessibleDescription() == ""
    np.testing.assert_array_equal(value(panel, "encodeMu"), posterior.mu)
    assert len(session.image.images) == 1


def test_a_photo_in_colour_becomes_x_of_the_model(panel, tiny, session, qtbot):
    photo = np.random.default_rng(0).integers(0, 256, (30, 20, 3), np.uint8)
    session.image.open([Origin("photo.png", png(photo))])
    qtbot.waitUntil(lambda: session.image.posterior is not None, timeout=WAIT)
    np.testing.assert_array_equal(panel.photo.property("value"), photo)
    assert panel.x_view.property("value").shape == (1, 8, 8)
    assert panel.name.toolTip() == "photo.png · 20 × 30"


def test_a_plain_autoencoder_has_one_z_and_one_figure_and_nothing_else_is_named(
    panel, open_model, make_model, session, bring
):
    open_model(make_model(kind="autoencoder"))
    encoded = bring(0)
    panel.copy_csv()
    rows = list(csv.DictReader(io.StringIO(QGuiApplication.clipboard().text())))
    assert [list(row) for row in rows] == [["dimension", "z"]] * 3
    np.testing.assert_array_equal(np.array([row["z"] for row in rows], np.float32), encoded.mu)
    shown = {key for key, label in panel.figures.items() if label.isVisibleTo(panel)}
    assert shown == {"reconstruction"}
    assert panel.figures["reconstruction"].text() == figure(encoded.reconstruction, 1)
    assert not panel.posterior.sigma.isVisibleTo(panel)
    assert len(value(panel, "encodeSigma")) == 0
    np.testing.assert_array_equal(value(panel, "encodeMu"), encoded.mu)
    shown = panel.posterior
    said = [shown.plot.readout(j) for j in range(3)]
    for part in (shown.plot, shown.mu, shown.copy, panel.reconstruction, panel.figures["reconstruction"]):
        said += [part.toolTip(), part.accessibleName(), part.accessibleDescription()]
    for word in ("mu", "μ", "σ", "sigma", "KL", "posterior", "prior"):
        assert word not in " ".join(said)
    assert "test images" not in panel.remark.text()


def test_after_a_plain_autoencoder_a_vae_has_all_of_it_again(panel, open_model, make_model, bring):
    open_model(make_model("plain", kind="autoencoder"))
    bring(0)
    open_model(make_model("a vae"))
    bring(1)
    assert panel.posterior.sigma.isVisibleTo(panel)
    assert all(panel.figures[key].isVisibleTo(panel) for key in ("reconstruction", "kl", "elbo", "gap", "log_evidence"))
    assert "sigma" in panel.posterior.copy.toolTip()
    assert len(value(panel, "encodeSigma")) == 3
