"""The menus: a key for every mouse gesture."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence, QShortcut
from PySide6.QtWidgets import QMainWindow, QMenu

from vae_explorer import paths
from vae_explorer.session.session import Session
from vae_explorer.ui.views import registry

MAX_RUNS = 12  # in the menu


class Verbs(Protocol):
    """What the menus ask of the window."""

    session: Session

    def open_files(self) -> None: ...
    def open_folder(self) -> None: ...
    def open_paths(self, files: list[Path]) -> None: ...
    def recent(self) -> list[str]: ...
    def save_model(self) -> None: ...
    def save_picture(self) -> None: ...
    def copy_picture(self) -> None: ...
    def copy_csv(self) -> None: ...
    def paste(self) -> None: ...
    def zoom(self, by: int) -> None: ...
    def scheme(self) -> str: ...
    def set_scheme(self, name: str) -> None: ...
    def set_train_visible(self, visible: bool) -> None: ...
    def set_presentation(self, on: bool) -> None: ...
    def show_view(self, key: str) -> None: ...
    def dismiss_error(self) -> None: ...
    def show_log(self) -> None: ...
    def show_self_test(self) -> None: ...
    def about(self) -> None: ...


class MainMenu(QObject):
    """File, Edit, Latent, View and Help of the window's menu bar. A QObject, so that a slot knows its sender."""

    def __init__(self, verbs: Verbs, window: QMainWindow):
        super().__init__(window)
        self._verbs, self._window = verbs, window
        session = verbs.session
        file = window.menuBar().addMenu("&File")
        self._add(file, "&Open…", verbs.open_files, QKeySequence.StandardKey.Open)
        self._add(file, "Open &folder to train on…", verbs.open_folder, "Ctrl+Shift+O")
        self._add(file, "Another e&xample image", session.image.open_test_image, "Ctrl+I")
        self._bundled = file.addMenu("&Bundled model")
        self._bundled.aboutToShow.connect(self._fill_bundled)
        self._recent = file.addMenu("Open &recent")
        self._recent.aboutToShow.connect(self._fill_recent)
        self._resumable = file.addMenu("&Resume a run")
        self._resumable.aboutToShow.connect(self._fill_resumable)
        file.addSeparator()
        self._add(file, "&Save model…", verbs.save_model, QKeySequence.StandardKey.Save)
        self._add(file, "Save &picture…", verbs.save_picture, "Ctrl+E")
        file.addSeparator()
        self._add(file, "&Quit", window.close, QKeySequence.StandardKey.Quit, "Ctrl+Q")

        edit = window.menuBar().addMenu("&Edit")
        undo = session.undo.createUndoAction(window, "&Undo")
        undo.setShortcuts(_keys(QKeySequence.StandardKey.Undo, "Ctrl+Z"))
        redo = session.undo.createRedoAction(window, "&Redo")
        redo.setShortcuts(_keys(QKeySequence.StandardKey.Redo, "Ctrl+Shift+Z"))
        edit.addActions([undo, redo])
        edit.addSeparator()
        self._add(edit, "&Copy picture", verbs.copy_picture, "Ctrl+C")
        self._add(edit, "Copy all dimensions as C&SV", verbs.copy_csv, "Ctrl+Shift+C")
        self._add(edit, "&Paste image", verbs.paste, QKeySequence.StandardKey.Paste)
        edit.addSeparator()
        self._add(edit, "&Next image", self._next_image, "Ctrl+PgDown")
        self._add(edit, "Pre&vious image", self._previous_image, "Ctrl+PgUp")
        self._add(edit, "Re&move image from the strip", self._remove_image, "Ctrl+Del")

        latent = window.menuBar().addMenu("&Latent")
        self._add(latent, "&Random z", session.latent.random, "Ctrl+R")
        self._add(latent, "To &μ", session.latent.to_mu, "Ctrl+M")
        self._add(latent, "To &0", session.latent.to_zero, "Ctrl+Backspace")
        latent.addSeparator()
        self._add(latent, "Re&sample the posterior", session.posterior_samples.resample, "R")
        self._add(latent, "&New prior samples", session.prior_samples.resample, "N")
        self._add(latent, "Draw the &evidence again", session.evidence.redraw, "Ctrl+D")
        self._add(latent, "&Fit q to this image", session.evidence.fit, "Ctrl+F")
        self._add(latent, "New samples of q(&z) and p(z)", session.aggregate.resample, "Ctrl+G")
        latent.addSeparator()
        for key, (mode, text) in enumerate(
            (("mean", "&Mean image"), ("draw", "&Draw"), ("sigma", "&σ of each pixel")), 1
        ):
            action = self._add(latent, text, self._show_mode, f"Alt+{key}")
            action.setData(mode)
        self._add(latent, "Draw a&gain\tSpace", session.decoded.draw_again)

        view = window.menuBar().addMenu("&View")
        self._add(view, "&Bigger", self._bigger, QKeySequence.StandardKey.ZoomIn, "Ctrl+=")
        self._add(view, "&Smaller", self._smaller, QKeySequence.StandardKey.ZoomOut)
        self._add(view, "Default si&ze", self._usual, "Ctrl+0")
        view.addSeparator()
        for at, entry in enumerate(registry.VIEWS, 1):
            self._add(view, entry.title, self._show_view, f"Ctrl+{at}").setData(entry.key)
        view.addSeparator()
        self.train = self._add(view, "Show &Train", None, "Ctrl+T")
        self.train.setCheckable(True)
        self.train.setChecked(True)
        self.train.toggled.connect(verbs.set_train_visible)
        self.presentation = self._add(view, "&Presentation", None, "F11")
        self.presentation.setCheckable(True)
        self.presentation.toggled.connect(verbs.set_presentation)

        view.addSeparator()
        self.scheme = QActionGroup(window)
        for scheme, text in (
            (Qt.ColorScheme.Unknown, "S&ystem colours"),
            (Qt.ColorScheme.Light, "&Light"),
            (Qt.ColorScheme.Dark, "&Dark"),
        ):
            action = self._add(view, text, self._choose_scheme)
            action.setCheckable(True)
            action.setData(scheme.name)
            action.setChecked(scheme.name == verbs.scheme())
            self.scheme.addAction(action)

        help_ = window.menuBar().addMenu("&Help")
        self._add(help_, "&Self-test…", verbs.show_self_test, "F9")
        self._add(help_, "Show &log", verbs.show_log)
        self._add(help_, "&About", verbs.about)
        QShortcut(QKeySequence("Esc"), window, verbs.dismiss_error)

    def _add(
        self,
        menu: QMenu,
        text: str,
        does: Callable[[], object] | None,
        *keys: QKeySequence.StandardKey | str,
    ) -> QAction:
        action = QAction(text, self._window)
        action.setShortcuts(_keys(*keys))
        if does:
            action.triggered.connect(does)
        menu.addAction(action)
        return action

    def _fill_bundled(self) -> None:
        self._bundled.clear()
        for name in paths.bundled_models():
            self._bundled.addAction(name).setData(name)
        for action in self._bundled.actions():
            action.triggered.connect(self._open_bundled)

    def _fill_recent(self) -> None:
        self._recent.clear()
        for name in self._verbs.recent():
            action = self._recent.addAction(Path(name).name)
            action.setData(name)
            action.setToolTip(name)
            action.triggered.connect(self._open_recent)
        if self._recent.isEmpty():
            self._recent.addAction("No models opened yet").setEnabled(False)

    def _fill_resumable(self) -> None:
        self._resumable.clear()
        for run in self._verbs.session.training.resumable()[:MAX_RUNS]:
            action = self._resumable.addAction(run.folder.name)
            action.setData(run)
            action.triggered.connect(self._resume)
        if self._resumable.isEmpty():
            self._resumable.addAction("No interrupted runs").setEnabled(False)

    def _resume(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self._verbs.session.training.resume_run(action.data())

    def _open_bundled(self) -> None:
        self._verbs.session.model.open(self._sender_data())

    def _open_recent(self) -> None:
        self._verbs.open_paths([Path(self._sender_data())])

    def _show_mode(self) -> None:
        self._verbs.session.decoded.set_mode(self._sender_data())

    def _show_view(self) -> None:
        self._verbs.show_view(self._sender_data())

    def _sender_data(self) -> str:
        action = self.sender()
        return str(action.data()) if isinstance(action, QAction) else ""

    def _choose_scheme(self) -> None:
        self._verbs.set_scheme(self._sender_data())

    def _next_image(self) -> None:
        self._verbs.session.image.step(1)

    def _previous_image(self) -> None:
        self._verbs.session.image.step(-1)

    def _remove_image(self) -> None:
        image = self._verbs.session.image
        if image.image is not None:
            image.remove(image.image)

    def _bigger(self) -> None:
        self._verbs.zoom(1)

    def _smaller(self) -> None:
        self._verbs.zoom(-1)

    def _usual(self) -> None:
        self._verbs.zoom(0)


def _keys(*keys: QKeySequence.StandardKey | str) -> list[QKeySequence]:
    """Each once; a standard key that this system does not have is left out."""
    sequences = [QKeySequence(key) for key in keys]
    return [key for at, key in enumerate(sequences) if not key.isEmpty() and key not in sequences[:at]]
