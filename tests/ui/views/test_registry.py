"""A view is one file for what it knows, one for what it shows, and one line in the registry."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QColor, QPainter
from PySide6.QtWidgets import QLabel, QWidget

from vae_explorer.core.card import ModelCard
from vae_explorer.core.config import ImageShape
from vae_explorer.core.likelihoods import MeanImages
from vae_explorer.ui.views import registry
from vae_explorer.ui.views.registry import VIEWS, ViewEntry

WAIT = 30_000  # milliseconds
MAGENTA = QColor(255, 0, 255)


class ToySession(QObject):
    """How many dimensions z has; only while somebody watches."""

    changed = Signal()

    def __init__(self, context, parent):
        super().__init__(parent)
        self._model, self.is_watched = context.model, False
        context.model.changed.connect(self.changed)

    @property
    def dimensions(self):
        return self._model.card.z_dim if self._model.card and self.is_watched else None

    def set_watched(self, watched):
        self.is_watched = watched
        self.changed.emit()


class ToyView(QWidget):
    """As many magenta columns as z has dimensions."""

    def __init__(self, session):
        super().__init__()
        self._toy = session.toy
        self._toy.changed.connect(self.update)

    def paintEvent(self, event):
        with QPainter(self) as painter:
            for j in range(self._toy.dimensions or 0):
                painter.fillRect(10 + 20 * j, 5, 10, 40, MAGENTA)


TOY = ViewEntry("toy", "To&y", ToySession, ToyView, {"prior": "The toy needs a prior."})


def columns(picture):
    """How many magenta columns are in a picture of the window."""
    lines = {
        tuple(x for x in range(picture.width()) if picture.pixelColor(x, y) == MAGENTA)
        for y in range(picture.height() * 2 // 3, picture.height(), 5)
    }
    return max(sum(x - 1 not in line for x in line) for line in lines)


@pytest.fixture
def with_toy(monkeypatch, make_window):
    monkeypatch.setattr(registry, "VIEWS", (*VIEWS, TOY))
    return make_window()


def test_a_view_that_is_registered_is_in_the_tabs_the_menu_and_a_picture(with_toy, make_model, qtbot):
    window, at = with_toy, len(VIEWS)
    with qtbot.waitSignal(window.session.model.changed, timeout=WAIT):
        window.session.model.open(str(make_model(z_dim=5)))
    assert window.drawer.bar.tabText(at) == "Toy"
    assert not window.session.toy.is_watched
    assert columns(window.grab().toImage()) == 0
    (action,) = (action for action in window.findChildren(QAction) if action.text() == "To&y")
    assert action.text() == "To&y"
    assert action.shortcut().toString() == f"Ctrl+{at + 1}"
    action.trigger()
    assert window.drawer.bar.currentIndex() == at
    assert window.session.toy.is_watched
    assert columns(window.grab().toImage()) == 5


def test_a_view_that_a_model_cannot_serve_says_so_and_costs_nothing(with_toy, make_model, qtbot):
    window = with_toy
    with qtbot.waitSignal(window.session.model.changed, timeout=WAIT):
        window.session.model.open(str(make_model(kind="autoencoder")))
    window.show_view("toy")
    said = window.drawer.page.findChild(QLabel, "viewReason")
    assert said.isVisible()
    assert said.text() == f"The toy needs a prior. {window.session.model.card.why_not('prior')}"
    assert not window.session.toy.is_watched
    with qtbot.waitSignal(window.session.model.changed, timeout=WAIT):
        window.session.model.open(str(make_model("other")))
    assert not said.isVisible()
    assert window.session.toy.is_watched


def test_the_guide_names_every_view():
    guide = (Path(__file__).parents[3] / "docs" / "user-guide.md").read_text("utf-8")
    assert not [entry.name for entry in VIEWS if entry.name not in guide]


def test_every_view_has_its_own_key_title_and_letter():
    assert len({entry.key for entry in VIEWS}) == len({entry.name for entry in VIEWS}) == len(VIEWS)
    letters = [re.search("&(.)", entry.title)[1].lower() for entry in VIEWS]
    assert len(set(letters)) == len(letters)


class Stripes:
    """A decoder and nothing else: z0 moves a bar."""

    image_shape, z_dim = ImageShape(1, 8, 8), 2

    def decode(self, z):
        images = torch.zeros(len(z), 1, 8, 8)
        for image, point in zip(images, z, strict=True):
            image[0, int(point[0].clamp(0, 7))] = 1
        return MeanImages(images)


@pytest.fixture
def stripes(window):
    """The window with a model of somebody else: no encoder, no likelihood, no prior."""
    card = ModelCard(ImageShape(1, 8, 8), (2,), frozenset())
    window.session.model.add("stripes", Stripes(), card)
    return window


def test_a_model_without_encoder_likelihood_or_prior_opens_and_decodes(stripes, qtbot):
    session = stripes.session
    assert stripes.title.which.currentText() == "stripes"
    assert stripes.title.kind.toolTip() == "z 2"
    assert not stripes.title.figure.isVisible()
    qtbot.waitUntil(lambda: session.decoded.shown is not None, timeout=WAIT)
    stripes.latent.rows()[0].slider.setFocus()
    session.latent.set_value(0, 5)
    qtbot.waitUntil(lambda: session.decoded.shown.images[0, 0, 5].all(), timeout=WAIT)
    assert not stripes.decoded.mode.button("draw").isEnabled()
    assert stripes.decoded.mode.button("draw").toolTip() == session.model.card.why_not("spread")
    assert not stripes.decoded.draw.isEnabled()
    session.decoded.draw_again()
    session.decoded.set_mode("sigma")  # as the model before was shown
    session.latent.set_value(0, 6)
    qtbot.waitUntil(lambda: session.decoded.shown.images[0, 0, 6].all(), timeout=WAIT)
    assert (session.decoded.shown.settings.mode, session.decoded.settings.seed) == ("mean", 0)


def test_each_view_that_cannot_serve_such_a_model_says_so_in_its_own_sentence(stripes, qtbot):
    said = {}
    for entry in VIEWS:
        stripes.show_view(entry.key)
        reason = stripes.drawer.page.findChild(QLabel, "viewReason")
        said[entry.key] = reason.text() if reason.isVisible() else ""
    card = stripes.session.model.card
    assert said == {entry.key: entry.why_not(card) for entry in VIEWS}
    assert said["prior_samples"] == ""  # z from N(0, I) can be decoded all the same
    assert said["evidence"].endswith("This model has no encoder, so images cannot be encoded.")
    reasons = [sentence for sentence in said.values() if sentence]
    assert len(set(reasons)) == len(reasons) >= 4
    stripes.show_view("prior_samples")
    assert stripes.session.model.card.why_not("prior") in stripes.drawer.views["prior_samples"].remark.whole
    qtbot.waitUntil(lambda: stripes.session.prior_samples.shown is not None, timeout=WAIT)
    assert stripes.image.posterior.plot._message == stripes.session.model.card.why_not("encode")


def test_an_image_dropped_on_such_a_model_is_shown_and_not_encoded(stripes, files, qtbot):
    session = stripes.session
    stripes.open_paths([files[1]])
    qtbot.waitUntil(lambda: bool(session.image.images), timeout=WAIT)
    assert session.image.posterior is None
    assert stripes.image.posterior.plot._message == session.model.card.why_not("encode")
    np.testing.assert_array_equal(stripes.image.photo.property("value").shape, (8, 8, 1))


def test_such_a_model_cannot_be_saved_as_one_of_this_program(stripes, tmp_path, qtbot):
    with qtbot.waitSignal(stripes.session.failed, timeout=WAIT) as failed:
        stripes.session.model.save(tmp_path / "x.vae.safetensors")
    assert "cannot be saved" in failed.args[0]
    assert list(tmp_path.glob("*.safetensors")) == []
    assert stripes.testAttribute(Qt.WidgetAttribute.WA_WState_Visible)
