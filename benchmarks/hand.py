"""A hand at the window: every action is what a user does with the mouse, the keys or another program's drag."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import shiboken6
from PIL import Image
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
    QMouseEvent,
    QWheelEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from vae_explorer.ui.panels.latent.latent_slider import LatentSlider
from vae_explorer.ui.window.main_window import MainWindow

LEFT, NO_BUTTON = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
PLAIN, CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier
KEYS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Home, Qt.Key.Key_End)
BUNDLED = ("mnist", "fashion-mnist", "drawn-digits")
RARE = 0.02  # of the actions drop or open something
COMMON = {"slider": 70, "resample": 10, "tab": 6, "undo": 14}
MAX_IMAGES = 60  # in the strip: beyond them it takes one out before it brings one in
MAX_READS = 5  # that wait: a hand cannot drop faster than the program takes


class Hand:
    """Does one action after another, chosen by a seeded die; `last` is its name and `done` counts them."""

    def __init__(self, window: MainWindow, things: Path, seed: int):
        self._window, self._session, self._things = window, window.session, things
        self._die = random.Random(seed)
        self._held: LatentSlider | None = None
        self._opened = 0
        self.last, self.done = "", Counter[str]()
        self._common = {name: getattr(self, f"_{name}") for name in COMMON}
        self._rare: list[Callable[[], None]] = [
            self._drop_picture, self._drop_bytes, self._drop_several, self._drop_bad, self._drop_text,
            self._drop_model, self._drop_data, self._paste, self._copy, self._save, self._open_bundled,
            self._example, self._image, self._hover,
        ]  # fmt: skip
        self._texts = iter(_around(self._refused_texts()))
        kinds = ("pictures", "bad", "models", "data")
        self._files = {kind: _around(sorted((things / kind).iterdir())) for kind in kinds}

    def act(self) -> None:
        """One action."""
        if self._die.random() < RARE and self._session.image._reading < MAX_READS:
            does = self._die.choice(self._rare)
            images = self._session.image.images
            if len(images) > MAX_IMAGES:
                self._session.image.remove(self._die.choice(images))
        else:
            does = self._common[self._die.choices(list(COMMON), list(COMMON.values()))[0]]
        self.last = does.__name__.strip("_")
        self.done[self.last] += 1
        does()

    def let_go(self) -> None:
        """Releases what it holds."""
        if self._held is not None and shiboken6.isValid(self._held):
            self._mouse(self._held, QEvent.Type.MouseButtonRelease, self._held.width() / 2)
        self._held = None

    # sliders

    def _slider(self) -> None:
        held = self._held
        if held is not None and not (shiboken6.isValid(held) and held.isVisible()):
            held = self._held = None  # the model has changed under the hand
        if held is not None:
            if self._die.random() < 0.85:
                self._mouse(held, QEvent.Type.MouseMove, self._die.uniform(-10, held.width() + 10))
            else:
                self.let_go()
            return
        sliders = [line.slider for line in self._window.latent.rows() if line.isVisible()]
        if not sliders:
            return
        slider = self._die.choice(sliders)
        kind = self._die.random()
        if kind < 0.25:
            self._held = slider
            self._mouse(slider, QEvent.Type.MouseButtonPress, self._die.uniform(0, slider.width()))
        elif kind < 0.65:
            slider.setFocus()
            self._key(slider, self._die.choice(KEYS), self._die.choice((PLAIN, CTRL)))
        elif kind < 0.80:
            slider.setFocus()
            self._wheel(slider)
        elif kind < 0.83:
            self._mouse(slider, QEvent.Type.MouseButtonDblClick, self._die.uniform(0, slider.width()))
        elif kind < 0.93:
            self._click(self._die.choice(("latentRandom", "latentToMu", "latentReset")))
        elif kind < 0.97:
            z = np.array([self._die.gauss(0, 3) for _ in self._session.latent.z], np.float32)
            self._session.latent.set_z(z)
        elif kind < 0.985:
            j = self._die.randrange(len(self._session.latent.locked))
            self._session.latent.set_locked(j, not self._session.latent.locked[j])
        else:
            box = self._window.latent.limit
            box.setCurrentIndex(self._die.randrange(box.count()))

    def _mouse(self, widget: QWidget, kind: QEvent.Type, x: float) -> None:
        place = QPointF(x, widget.height() / 2)
        button = NO_BUTTON if kind == QEvent.Type.MouseMove else LEFT
        held = NO_BUTTON if kind == QEvent.Type.MouseButtonRelease else LEFT
        there = QPointF(widget.mapToGlobal(place))
        QApplication.sendEvent(widget, QMouseEvent(kind, place, there, button, held, PLAIN))

    def _key(self, widget: QWidget, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> None:
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            QApplication.sendEvent(widget, QKeyEvent(kind, key, modifiers))

    def _wheel(self, widget: QWidget) -> None:
        place, turned = QPointF(5, 5), QPoint(0, self._die.choice((-120, 120)))
        event = QWheelEvent(
            place, QPointF(widget.mapToGlobal(place)), QPoint(), turned, NO_BUTTON, PLAIN,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(widget, event)

    def _click(self, name: str) -> None:
        button = self._window.findChild(QPushButton, name)
        if button and button.isEnabled():
            button.click()

    # the other common ones

    def _resample(self) -> None:
        kind, tab = self._die.random(), self._window.drawer.bar.currentIndex()
        if kind < 0.6 and tab > 1:
            self._in_tab(tab)
        elif kind < 0.6:
            self._click("resample" if tab == 0 else "priorResample")
        elif kind < 0.7:
            self._window.decoded.mode.button(self._die.choice(("mean", "draw", "sigma"))).click()
        elif kind < 0.8:
            self._click("drawAgain")
        elif kind < 0.83:
            self._click("sixteenDraws")
        elif kind < 0.88:
            self._window.drawer.views["posterior_samples"].multiplier.button(self._die.choice("0123")).click()
        elif kind < 0.91:
            self._window.drawer.views["posterior_samples"].count.setValue(self._die.randint(1, 40))
        elif kind < 0.94:
            self._window.drawer.views["prior_samples"].count.setValue(self._die.randint(1, 80))
        elif kind < 0.96:
            view = self._window.drawer.views["posterior_samples"]
            self._die.choice((view.difference, view.same_eps)).click()
        else:
            self._session.posterior_samples.choose(self._die.randrange(16))

    def _in_tab(self, tab: int) -> None:
        """Something in Evidence, q(z) and prior, or How typical."""
        session, kind = self._session, self._die.random()
        if tab == 2 and kind < 0.9:
            self._click(self._die.choice(("evidenceRedraw", "evidenceFit")))
        elif tab == 2:
            self._window.drawer.views["evidence"].count.setValue(self._die.choice((1, 100, 5000)))
        elif tab == 3 and kind < 0.5:
            self._click("aggregateResample")
        elif tab == 3 and kind < 0.8:
            session.aggregate.choose(self._die.randrange(16))
        elif tab == 3:
            session.aggregate.put_on_sliders(self._die.choice(("prior", "mixture")), self._die.randrange(12))
        elif kind < 0.3:
            session.typical.choose(self._die.randrange(16))

    def _tab(self) -> None:
        bar = self._window.drawer.bar
        QTest.mouseClick(bar, LEFT, PLAIN, bar.tabRect(self._die.randrange(bar.count())).center())

    def _undo(self) -> None:
        kind = self._die.random()
        if kind < 0.4:
            QTest.keyClick(self._window, Qt.Key.Key_Z, CTRL)
        elif kind < 0.7:
            self._click("undo")
        else:
            self._click("redo")

    # drops, opening, saving

    def _drop_picture(self) -> None:
        self._drop(next(self._files["pictures"]))

    def _drop_several(self) -> None:
        self._drop(next(self._files["pictures"]), next(self._files["bad"]), next(self._files["pictures"]))

    def _drop_bad(self) -> None:
        self._drop(next(self._files["bad"]))

    def _drop_model(self) -> None:
        self._drop(next(self._files["models"]))

    def _drop_data(self) -> None:
        self._drop(next(self._files["data"]))

    def _drop_bytes(self) -> None:
        mime = QMimeData()
        mime.setData("image/png", next(self._files["pictures"]).read_bytes())
        self._let_fall(mime)

    def _drop_text(self) -> None:
        self._let_fall(next(self._texts))

    def _drop(self, *paths: Path) -> None:
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        self._let_fall(mime)

    def _let_fall(self, mime: QMimeData) -> None:
        how = (Qt.DropAction.CopyAction, mime, LEFT, PLAIN)
        QApplication.sendEvent(self._window, QDragEnterEvent(QPoint(80, 80), *how))
        QApplication.sendEvent(self._window, QDropEvent(QPointF(80, 80), *how))

    def _hover(self) -> None:
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(self._things))])
        QApplication.sendEvent(
            self._window, QDragEnterEvent(QPoint(80, 80), Qt.DropAction.CopyAction, mime, LEFT, PLAIN)
        )
        QApplication.sendEvent(self._window, QDragLeaveEvent())

    def _refused_texts(self) -> Iterator[QMimeData]:
        for text in ("https://example.org/cat.png", "no picture at all", str(self._things / "nowhere.png"), ""):
            mime = QMimeData()
            mime.setText(text)
            yield mime

    def _paste(self) -> None:
        mime = QMimeData()
        mime.setData("image/png", next(self._files["pictures"]).read_bytes())
        QGuiApplication.clipboard().setMimeData(mime)
        self._window.paste()

    def _copy(self) -> None:
        self._die.choice((self._window.copy_picture, self._window.copy_csv))()

    def _save(self) -> None:
        self._session.model.save(self._things / "saved.vae.safetensors")

    def _open_bundled(self) -> None:
        self._opened += 1
        self._session.model.open(BUNDLED[self._opened % len(BUNDLED)])

    def _example(self) -> None:
        self._session.image.open_test_image()

    def _image(self) -> None:
        image = self._session.image
        kind = self._die.random()
        if kind < 0.5 and image.images:
            image.choose(self._die.choice(image.images))
        elif kind < 0.8 and image.image is not None:
            image.remove(image.image)
        elif image.posterior:
            step = self._die.choice(image.posterior.steps).name
            image.set_switch(step, self._die.random() < 0.5)


def lay_out(things: Path, models: Path) -> None:
    """The files that are dropped: good and bad pictures, models and data sets. `models` holds the bundled ones."""
    for name in ("pictures", "bad", "models", "data"):
        (things / name).mkdir(parents=True)
    noise = np.random.default_rng(0)

    def pixels(*shape: int) -> np.ndarray:
        return noise.integers(0, 256, shape, np.uint8)

    pictures = things / "pictures"
    Image.fromarray(np.eye(28, dtype=np.uint8) * 255).save(pictures / "diagonal.png")
    Image.fromarray(pixels(480, 640, 3)).save(pictures / "photo.jpg")
    Image.fromarray(pixels(33, 41, 4), "RGBA").save(pictures / "see-through.png")
    Image.fromarray(pixels(60, 60).astype(np.uint16) * 257).save(pictures / "deep.png")
    Image.fromarray(pixels(1200, 900)).save(pictures / "large.png")
    bad = things / "bad"
    (bad / "empty.png").write_bytes(b"")
    (bad / "cut.png").write_bytes((pictures / "large.png").read_bytes()[:1000])
    (bad / "text.jpg").write_text("no picture")
    (bad / "small.png").write_bytes((pictures / "diagonal.png").read_bytes()[:40])
    for path in sorted(models.glob("*.vae.safetensors")):
        (things / "models" / path.name).write_bytes(path.read_bytes())
    whole = (things / "models" / path.name).read_bytes()
    (things / "models" / "broken.vae.safetensors").write_bytes(whole[: len(whole) // 2])
    (things / "models" / "none.vae.safetensors").write_bytes(b"no model")
    data = things / "data"
    np.savez(data / "grey.npz", images=pixels(300, 12, 12))
    (data / "broken.npz").write_bytes((data / "grey.npz").read_bytes()[:3000])
    (data / "photos").mkdir()
    for i in range(12):
        Image.fromarray(pixels(20, 20, 3)).save(data / "photos" / f"{i}.png")
    (data / "photos" / "notes.png").write_text("no picture")
    (data / "nothing").mkdir()


def _around(things: object) -> Iterator:
    kept = list(things)  # type: ignore[call-overload]
    while True:
        yield from kept
