"""For the panels: small models with the statistics that a test wants, a session around one, images to bring in."""

from contextlib import contextmanager

import numpy as np
import pytest
import torch
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

from vae_explorer import paths
from vae_explorer.core.card import LatentStatistics, SplitFigures
from vae_explorer.core.config import VAEConfig
from vae_explorer.core.vae import VAE
from vae_explorer.data.preprocess import Preparation
from vae_explorer.export.picture import png
from vae_explorer.session.records import Origin
from vae_explorer.session.session import Session
from vae_explorer.storage import sealed
from vae_explorer.training import model_file
from vae_explorer.training.config import TrainConfig
from vae_explorer.training.model_file import ModelInfo, StoredPosteriors
from vae_explorer.ui.theme import theme
from vae_explorer.ui.window.main_window import MainWindow

WAIT = 30_000  # milliseconds: the first answer brings torch, and other programs want the cores too
SIDE = 8  # pixels of the tiny models' images


@pytest.fixture(autouse=True)
def _usual_look(qapp):
    if not qapp.styleSheet():  # the first test of all
        theme.set_scheme(Qt.ColorScheme.Dark)
    yield
    if QGuiApplication.instance():  # offscreen, what Python has put there is deleted after Python itself
        QGuiApplication.clipboard().clear()
    if theme.scale != 100 or not theme.dark:
        theme.set_scale(100)
        theme.set_scheme(Qt.ColorScheme.Dark)


@pytest.fixture
def make_model(tmp_path):
    """Writes a model file; kl and mu_variance are the statistics of its dimensions, lists over z; stored: so many
    posteriors of test images; data="mnist" with side=28 brings that set's test images."""

    def make(
        name="tiny", *, z_dim=3, kl=None, mu_variance=None, seed=0, channels=1, side=SIDE, stored=0,
        data="tiny-images", **options,
    ):  # fmt: skip
        likelihood = options.setdefault("likelihood", "gaussian")
        config = VAEConfig(image_shape=(channels, side, side), z_dim=z_dim, hidden=options.pop("hidden", 16), **options)
        model = VAE(config).initialise(torch.Generator().manual_seed(seed))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(1.5)  # so that a z makes a picture that can be told from another
        is_plain, noise = config.is_autoencoder, np.random.default_rng(seed)
        figures = SplitFigures(elbo=None if is_plain else -12.5, reconstruction=-10.0, kl=None if is_plain else 2.5)
        statistics = None
        if kl is not None or is_plain:
            statistics = LatentStatistics(
                split="test",
                images=10,
                kl_per_dimension=None if is_plain else kl,
                mu_variance=mu_variance or [1.0] * z_dim,
                elbo_quantiles=None if is_plain else np.linspace(-20, -5, 101).tolist(),
            )
        info = ModelInfo(
            config=config,
            preparation=Preparation(
                image_shape=config.image_shape, binarise="draw" if likelihood == "bernoulli" else None
            ),
            data=data,
            split_seed=0,
            train_config={},
            validation=figures,
            test=figures if statistics else None,
            statistics=statistics,
        )
        mu = 1.3 * noise.standard_normal((stored, z_dim), dtype=np.float32)
        sigma = noise.uniform(0.2, 0.5, (stored, z_dim)).astype(np.float32) * (not is_plain)
        path = tmp_path / f"{name}{paths.MODEL_SUFFIX}"
        model_file.save(path, model, info, StoredPosteriors(mu, sigma) if stored else None)
        return path

    return make


@pytest.fixture
def open_model(qtbot, session):
    """Opens a model file in the session and waits for it."""

    def open_it(path):
        with qtbot.waitSignal(session.model.changed, timeout=WAIT):
            session.model.open(str(path))
        return session.model.current

    return open_it


@pytest.fixture
def images():
    """Four images uint8 [4, 8, 8, 1]: a gradient, an upright bar, a lying bar, a frame."""
    made = np.zeros((4, SIDE, SIDE, 1), np.uint8)
    made[0, :, :, 0] = np.linspace(0, 255, SIDE * SIDE).reshape(SIDE, SIDE)
    made[1, :, 3:5] = 255
    made[2, 3:5] = 200
    made[3, [0, -1]] = made[3, :, [0, -1]] = 90
    return made


@pytest.fixture
def bring(qtbot, session, images):
    """Brings some of the images in and waits for the posterior of the first."""

    def bring_in(*indices):
        count = len(session.image.images) + len(indices)
        session.image.open([Origin(f"image {i}.png", png(images[i])) for i in indices])
        qtbot.waitUntil(
            lambda: len(session.image.images) == count and session.image.posterior is not None, timeout=WAIT
        )
        return session.image.posterior

    return bring_in


@pytest.fixture
def put_on(qtbot):
    """Shows a widget at a size and lets it be painted."""

    def put(widget, width=600, height=500):
        qtbot.addWidget(widget)
        widget.resize(width, height)
        widget.show()
        qtbot.waitExposed(widget)
        return widget

    return put


class _Layouts(QObject):
    """Notes which widgets are asked to lay out their children anew."""

    def __init__(self, inside):
        super().__init__()
        self._inside, self.found = inside, []

    def eventFilter(self, watched, event):
        is_inside = isinstance(watched, QWidget) and (watched is self._inside or self._inside.isAncestorOf(watched))
        if event.type() == QEvent.Type.LayoutRequest and is_inside and watched.isVisible():
            self.found.append(watched.objectName() or type(watched).__name__)
        return False


@pytest.fixture
def layouts(qapp):
    """The widgets in a widget that are asked for a new layout meanwhile."""

    @contextmanager
    def noted(widget):
        filter_ = _Layouts(widget)
        qapp.installEventFilter(filter_)
        yield filter_.found
        qapp.removeEventFilter(filter_)

    return noted


@pytest.fixture
def config(tmp_path):
    """A run over 60 images of 8 × 8 pixels that ends in well under a second; more epochs make it last."""
    file, pixels = tmp_path / "blobs.npz", np.random.default_rng(3).integers(0, 256, (60, SIDE, SIDE), np.uint8)
    pixels[:, : SIDE // 2] //= 8
    np.savez(file, images=pixels)
    return TrainConfig(
        data=str(file), hidden=16, z_dim=2, epochs=3, batch_size=16, device="cpu", threads=1, precision="float32"
    )


@pytest.fixture
def make_window(qtbot):
    """Shows a window around a session of its own; closed as a user would close it."""
    import pyqtgraph  # noqa: F401 - as a second after each start; beside a thread's imports it may crash

    made, sessions = [], []

    def make(size=(1440, 900)):
        session = Session()
        sessions.append(session)
        window = MainWindow(session)
        session.setParent(window)
        made.append(window)
        if size:
            window.resize(*size)
        window.show()
        qtbot.waitExposed(window)
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow, timeout=WAIT)
        return window

    def close(window):
        window.close()
        qtbot.waitUntil(lambda: window.session.is_closed and not window.isVisible(), timeout=WAIT)

    make.close = close
    yield make
    for window in made:
        close(window)
    for session in sessions:  # of a window that could not be made too: its threads would take the tests down
        session.close()
        qtbot.waitUntil(lambda session=session: session.is_closed, timeout=WAIT)
    for window in made:
        window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # else each is styled again with the next one


@pytest.fixture
def window(make_window):
    return make_window()


@pytest.fixture
def model(window, make_model, qtbot):
    """The file of the model that the window shows."""
    path = make_model("mine", kl=[1.0, 2.0, 3.0])
    with qtbot.waitSignal(window.session.model.changed, timeout=WAIT):
        window.session.model.open(str(path))
    return path


@pytest.fixture
def files(tmp_path, images):
    """Picture files."""
    made = [tmp_path / f"image {i}.png" for i in range(len(images))]
    for path, pixels in zip(made, images, strict=True):
        path.write_bytes(png(pixels))
    return made


@pytest.fixture
def drop(window):
    """Drags something over the window and lets it go there."""

    def let_go(mime):
        buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        for kind, place in ((QDragEnterEvent, QPoint(50, 50)), (QDragMoveEvent, QPoint(60, 50))):
            event = kind(place, Qt.DropAction.CopyAction, mime, buttons, keys)
            QApplication.sendEvent(window, event)
            assert event.isAccepted()
        QApplication.sendEvent(window, QDropEvent(QPointF(70, 50), Qt.DropAction.CopyAction, mime, buttons, keys))

    return let_go


@pytest.fixture
def encoded(qtbot, window):
    """Waits until an image of this name is chosen and encoded; gives its posterior."""

    def wait(name):
        image = window.session.image

        def there():
            chosen = image.pictures[image.image].name if image.image is not None else ""
            return chosen == name and image.posterior is not None

        qtbot.waitUntil(there, timeout=WAIT)
        return image.posterior

    return wait


@pytest.fixture
def said(window):
    """The sentence in the bar of errors."""
    return lambda: window.findChild(QWidget, "errorMessage").text()


@pytest.fixture
def answer_menu(qtbot):
    """Answers the next menu with its action at a place, or leaves it without a choice."""

    def answer(at=None):
        def choose():
            menu = QApplication.activePopupWidget()
            if at is not None:
                menu.setActiveAction(menu.actions()[at])
            qtbot.keyClick(menu, Qt.Key.Key_Escape if at is None else Qt.Key.Key_Return)

        QTimer.singleShot(0, choose)

    return answer


@pytest.fixture
def numpy_decode():
    """z float [n, z] → E[x|z] float [n, c, h, w], by the weights in a model file of an mlp; no torch in it."""

    def decode(path, z):
        weights, metadata = sealed.read(path, model_file.MODEL_FILE)
        hidden = np.atleast_2d(np.asarray(z, np.float64))
        for layer in (0, 2):
            weight, bias = (
                weights[f"decoder.{layer}.{kind}"].numpy().astype(np.float64) for kind in ("weight", "bias")
            )
            hidden = np.maximum(hidden @ weight.T + bias, 0)
        weight, bias = (weights[f"decoder.4.{kind}"].numpy().astype(np.float64) for kind in ("weight", "bias"))
        pixels = 1 / (1 + np.exp(-(hidden @ weight.T + bias)))
        return pixels.reshape(len(pixels), *metadata["config"]["image_shape"])

    return decode
