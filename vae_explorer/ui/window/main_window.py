"""The window: the lecture's own picture from left to right, x → q(z|x) → z → p(x|z) → x."""

from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QByteArray, QSettings, Qt, QTimer, QUrl
from PySide6.QtGui import (
    QCloseEvent,
    QDesktopServices,
    QKeyEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QFileDialog,
    QLineEdit,
    QMainWindow,
    QWidget,
)

from vae_explorer import paths
from vae_explorer.paths import MODEL_SUFFIX
from vae_explorer.session.records import Origin
from vae_explorer.session.session import Session
from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.drop import offer
from vae_explorer.ui.drop.target import DropTarget
from vae_explorer.ui.theme import SCALES, theme
from vae_explorer.ui.window.arrangement import Wishes, presentation_scale
from vae_explorer.ui.window.frame import Frame
from vae_explorer.ui.window.menu.about import show_about
from vae_explorer.ui.window.menu.key_sheet import KeySheet
from vae_explorer.ui.window.menu.main_menu import MainMenu
from vae_explorer.ui.window.self_test_dialog import SelfTestDialog
from vae_explorer.ui.window.successes import Successes

MODEL_FILES = "Models (*.safetensors)"
ANY_FILES = "Images, models and data sets (*)"
FIRST_SIZE = (1440, 900)  # pixels, where the screen has them
MESSAGE = 5000  # milliseconds
FRAME = (8, 40)  # pixels that a window manager may put around a window


class Before(NamedTuple):
    """What a presentation gives back at its end."""

    scale: int
    wishes: Wishes
    state: Qt.WindowState
    places: dict[str, list[int]]


class MainWindow(QMainWindow):
    """Menus, drops, errors, opening and closing; what is in the window is Frame. Panels know the session and never
    each other."""

    def __init__(self, session: Session, parent: QWidget | None = None, *, remembers: bool = True):
        super().__init__(parent)
        self.session = session
        self._remembers = remembers  # the places of its panels, from one start to the next
        self.setWindowTitle("VAE Explorer")
        self.setMinimumSize(720, 480)
        self._settings = QSettings(str(paths.settings_file()), QSettings.Format.IniFormat)
        if self.scheme() in Qt.ColorScheme.__members__:
            theme.set_scheme(Qt.ColorScheme[self.scheme()])
        self._before_presentation: Before | None = None
        self._may_close = False
        self._is_new = True  # not shown yet

        self.frame = Frame(session)
        self.title, self.errors, self.strip = self.frame.title, self.frame.errors, self.frame.strip
        self.explore, self.drawer = self.frame.explore, self.frame.explore.drawer
        self.image, self.latent, self.decoded = self.explore.image, self.explore.latent, self.explore.decoded
        self.training, self.run_bar, self.run_sheet = self.frame.train.panel, self.frame.run_bar, self.frame.run_sheet
        self.key_sheet: KeySheet | None = None
        self.self_test = SelfTestDialog(session.self_test, self)
        self.successes = Successes(session, self)
        self.setCentralWidget(self.frame)
        self.menu = MainMenu(self, self)
        self.title.set_menus(self.menu.button_menu())
        self.drops = DropTarget(self)

        self.drops.dropped.connect(self._take)
        session.failed.connect(self._say)
        self.successes.succeeded.connect(self.errors.hide_sentence)
        session.closed.connect(self._on_session_closed)
        session.model.changed.connect(self._on_model_changed)
        session.model.saved.connect(self._on_saved)
        session.data.described.connect(self._on_data_described)
        for noun in (session.take_away, session.data):
            noun.told.connect(self._on_told)
        session.take_away.folder_changed.connect(self._on_folder_changed)
        self.frame.rearranged.connect(self._on_rearranged)
        self.title.open_asked.connect(self.open_files)
        self.title.save_asked.connect(self.save_model)
        self.title.help_asked.connect(self.show_keys)
        self.image.open_asked.connect(self.open_files)
        self.run_bar.save_asked.connect(self._save_trained)
        self.training.started.connect(self.run_bar.stop.setFocus)
        for field in self.findChildren(QLineEdit):
            field.setAcceptDrops(False)  # a drop on it is for the window, not text
        self._restore()

    # verbs of the menu

    def open_files(self) -> None:
        """Asks for files, and opens them as what they are."""
        names, _ = QFileDialog.getOpenFileNames(self, "Open", self._folder(), f"{ANY_FILES};;{MODEL_FILES}")
        if names:
            self._settings.setValue("folder", str(Path(names[0]).parent))
            self.open_paths([Path(name) for name in names])

    def open_folder(self) -> None:
        """Asks for a folder of images to train on."""
        name = QFileDialog.getExistingDirectory(self, "Train on a folder of images", self._folder())
        if name:
            self._settings.setValue("folder", name)
            self.open_paths([Path(name)])

    def open_paths(self, files: list[Path]) -> None:
        """Opens files and folders as what they are, and remembers the model or run among them."""
        model = self.session.open(files)
        if model:
            self._settings.setValue("recent", [str(model), *self.recent()][:8])

    def enlarge_photo(self) -> None:
        """The photo of the chosen image, large, with its frame."""
        self.image.enlarge_photo()

    def paste(self) -> None:
        """Encodes or opens what is on the clipboard."""
        self.drops.paste()

    def save_model(self) -> None:
        """Asks where, and writes the shown model."""
        workspace = self.session.model.current
        if workspace is None:
            return
        name, _ = QFileDialog.getSaveFileName(self, "Save model", f"{workspace.name}{MODEL_SUFFIX}", MODEL_FILES)
        if name:
            whole = name if name.endswith(".safetensors") else f"{name}{MODEL_SUFFIX}"
            self.session.model.save(Path(whole))

    def _save_trained(self) -> None:
        if trained := self.session.model.trained:
            self.session.model.show(trained.lineage)
        self.save_model()

    def save_picture(self) -> None:
        """Asks where, and writes the picture."""
        self.decoded.save_as()

    def copy_picture(self) -> None:
        self.decoded.copy()

    def copy_csv(self) -> None:
        """Copies mu, sigma and KL of every dimension to the clipboard."""
        self.image.copy_csv()

    def show_view(self, key: str) -> None:
        """Brings one of the views into sight."""
        self.drawer.show_view(key)

    def enlarge_view(self, on: bool) -> None:
        """The chosen view over the panels, or back."""
        self.frame.enlarge(on)

    def fold_drawer(self, on: bool) -> None:
        """Only the tabs of the views, or a view too."""
        self.frame.fold(on)

    def show_workspace(self, key: str) -> None:
        self.frame.show_workspace(key)

    def walk_panels(self, by: int) -> None:
        """Moves the focus to the next (1) or the previous (−1) part of the window."""
        self.frame.walk(by)

    def step_model(self, by: int) -> None:
        """Shows the next (1) or the previous (−1) model."""
        self.title.step(by)

    def start_training(self) -> None:
        """Starts a run with what the form says."""
        self.training.start.click()

    def toggle_run_sheet(self, on: bool) -> None:
        """The curves of the run."""
        self.frame.show_sheet(on)

    def show_keys(self) -> None:
        """What each key does and each symbol means."""
        if self.key_sheet is None:
            self.key_sheet = KeySheet(self.menu.key_groups(), self)
        self.key_sheet.show()

    def step_back(self) -> None:
        """Closes what lies on top: a message, the Train drawer, an enlarged view; else goes back to the sliders, and
        from there out of the presentation."""
        rows = self.latent.rows()
        if self.frame.escape():
            return
        if rows and self.latent.isVisible() and not self.latent.isAncestorOf(self.focusWidget()):
            rows[0].slider.setFocus()
        else:
            self.set_presentation(False)

    def recent(self) -> list[str]:
        """Paths of the models opened last, the newest first."""
        value = self._settings.value("recent", [])  # a list of one comes back as its one string
        names = value if isinstance(value, list) else [value] if value else []
        return list(dict.fromkeys(map(str, names)))

    def zoom(self, by: int) -> None:
        """Makes the type bigger (1), smaller (−1) or the default size (0)."""
        nearest = min(range(len(SCALES)), key=lambda i: abs(SCALES[i] - theme.scale))
        theme.set_scale(SCALES[min(max(nearest + by, 0), len(SCALES) - 1)] if by else 100)

    def scheme(self) -> str:
        """Unknown (the system's), Light or Dark."""
        return str(self._settings.value("scheme", Qt.ColorScheme.Unknown.name))

    def set_scheme(self, name: str) -> None:
        """Light or dark colours, or those of the system."""
        self._settings.setValue("scheme", name)
        theme.set_scheme(Qt.ColorScheme[name])

    def set_presentation(self, on: bool) -> None:
        """Full screen, with type as large as the screen asks for; switches back to what was before."""
        if on and self._before_presentation is None:
            state = self.windowState() & ~Qt.WindowState.WindowFullScreen
            self._before_presentation = Before(theme.scale, self.frame.wishes, state, self.explore.places())
            self.frame.wish(presentation=True, train=False, offer=False)
            self.showFullScreen()
            theme.set_scale(round(100 * presentation_scale(*self.screen().size().toTuple())))
        elif not on and self._before_presentation is not None:
            before, self._before_presentation = self._before_presentation, None
            self.setWindowState(before.state)
            theme.set_scale(before.scale)
            self.frame.wish(presentation=False, train=before.wishes.train, drawer=before.wishes.drawer)
            self.explore.restore(before.places)
        self.menu.presentation.setChecked(on)

    def set_train_visible(self, visible: bool) -> None:
        """The drawer in which a run is set up."""
        self.frame.show_train(visible)

    def show_log(self) -> None:
        """Opens the log file; says where it is when nothing can open it."""
        file = paths.log_file()
        if not file.is_file():
            self._say(f"No log yet. It will be written to {file}")
        elif not QDesktopServices.openUrl(QUrl.fromLocalFile(str(file))):
            self._say(f"No application can open the log file {file}")

    def show_self_test(self) -> None:
        """Compares the program's numbers with the same numbers computed independently."""
        self.self_test.show()
        self.session.self_test.start()

    def about(self) -> None:
        show_about(self)

    def _take(self, dropped: offer.Dropped) -> None:
        if dropped.paths:
            self.open_paths(list(dropped.paths))
        if dropped.blobs:
            self.session.image.open([Origin(name, content) for name, content in dropped.blobs])
        if dropped.refusal:
            self._say(dropped.refusal)

    def _say(self, sentence: str, details: str = "") -> None:
        """Shown until it is closed or replaced, or until an action begun after it succeeds."""
        self.successes.mark()
        self.errors.show_sentence(sentence, details)

    def close_model(self) -> None:
        """Takes the shown model out of the list; that of a run is still trained."""
        model = self.session.model
        if model.can_close(model.shown):
            model.close(model.shown)

    # what happened

    def _on_model_changed(self) -> None:
        workspace = self.session.model.current
        self.setWindowTitle(f"{workspace.name} – VAE Explorer" if workspace else "VAE Explorer")
        rows = self.latent.rows()
        if rows and self.focusWidget() in (None, self.title.menu, self.title.open):
            rows[0].slider.setFocus()

    def _on_rearranged(self) -> None:
        """The menu's check marks follow what is shown."""
        now = self.frame.arrangement
        if now is not None:
            for action, is_on in (
                (self.menu.train, now.train != "hidden"),
                (self.menu.enlarge, now.drawer == "enlarged" and not now.one_panel),
                (self.menu.fold, now.drawer == "folded"),
                (self.menu.curves, bool(now.sheet)),
            ):
                action.blockSignals(True)  # what is shown, not a new wish
                action.setChecked(is_on)
                action.blockSignals(False)
            self.run_bar.set_sheet_open(bool(now.sheet))

    def _on_saved(self, path: object) -> None:
        self.run_bar.show_message(f"Saved {path}", MESSAGE)

    def _on_told(self, text: str) -> None:
        self.run_bar.show_message(text, MESSAGE)

    def _on_folder_changed(self) -> None:
        self._settings.setValue("pictures", str(self.session.take_away.folder))

    def _on_data_described(self) -> None:
        self.frame.show_train(True)  # there it is seen, with all that was done to it

    # opening and closing

    def _folder(self) -> str:
        return str(self._settings.value("folder", str(Path.home())))

    def _restore(self) -> None:
        if self._remembers:
            self.explore.restore({name: self._settings.value(name) for name in self.explore.places()})
        if pictures := self._settings.value("pictures"):
            self.session.take_away.set_folder(Path(str(pictures)))
        geometry = self._settings.value("geometry") if self._remembers else None
        if not (isinstance(geometry, QByteArray) and self.restoreGeometry(geometry)):
            room = self.screen().availableSize()
            self.resize(min(FIRST_SIZE[0], room.width() - FRAME[0]), min(FIRST_SIZE[1], room.height() - FRAME[1]))

    @guarded()
    def showEvent(self, event: QShowEvent) -> None:
        """A run that was interrupted is offered at the start; where that would hide the panels it is only named."""
        super().showEvent(event)
        if self._is_new and (run := self.training.resume.interrupted):
            self.frame.wish(offer=True)
            if not self.training.isVisible():
                self.run_bar.show_message(f"{run.folder.name} was interrupted: Train… can resume it")
        self._is_new = False

    @guarded()
    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What the control in focus has no use for: the menus' plain keys."""
        if not self.menu.press(event):
            super().keyPressEvent(event)

    @guarded()
    def closeEvent(self, event: QCloseEvent) -> None:
        """Ends the threads first: a QThread that is still running at exit crashes the program."""
        if self._may_close or self.session.is_closed:
            event.accept()
            return
        event.ignore()
        if self._remembers:
            self._settings.setValue("geometry", self.saveGeometry())
            for name, place in self.explore.places().items():
                self._settings.setValue(name, place)
        self.run_bar.show_message("Closing: the run is being saved…" if self.session.training.is_active else "Closing…")
        self.session.close()

    def _on_session_closed(self) -> None:
        self._may_close = True
        QTimer.singleShot(0, self.close)
