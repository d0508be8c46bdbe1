"""The window: the lecture's own picture from left to right, x → q(z|x) → z → p(x|z) → x."""

from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings, Qt, QTimer, QUrl
from PySide6.QtGui import (
    QCloseEvent,
    QDesktopServices,
    QKeyEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QFileDialog,
    QLineEdit,
    QMainWindow,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from vae_explorer import paths
from vae_explorer.paths import MODEL_SUFFIX
from vae_explorer.session.records import Origin
from vae_explorer.session.session import Session
from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.drop import offer
from vae_explorer.ui.drop.target import DropTarget
from vae_explorer.ui.panels.decoded import DecodedPanel
from vae_explorer.ui.panels.image.image_panel import ImagePanel
from vae_explorer.ui.panels.latent.latent_panel import LatentPanel
from vae_explorer.ui.panels.training.training_panel import TrainingPanel
from vae_explorer.ui.theme import SCALES, UNIT, theme
from vae_explorer.ui.window.about import show_about
from vae_explorer.ui.window.error_banner import ErrorBanner
from vae_explorer.ui.window.key_sheet import KeySheet
from vae_explorer.ui.window.main_menu import MainMenu
from vae_explorer.ui.window.panel_walk import walk
from vae_explorer.ui.window.run.run_bar import RunBar
from vae_explorer.ui.window.run.run_sheet import RunSheet
from vae_explorer.ui.window.self_test_dialog import SelfTestDialog
from vae_explorer.ui.window.successes import Successes
from vae_explorer.ui.window.tabs import Tabs
from vae_explorer.ui.window.title_bar import TitleBar

MODEL_FILES = "Models (*.safetensors)"
ANY_FILES = "Images, models and data sets (*)"
NARROW = 1280  # pixels: below, Train folds away
MIN_WIDTH = 1152  # pixels at 100 % that all panels need: with big type Train folds away earlier
PRESENTATION_SCALE = 150  # per cent
FIRST_HEIGHTS = (550, 240)  # of the panels and the tabs
FIRST_WIDTHS = (270, 300, 400, 440)  # Train, Image, Latent point, Decoded


class MainWindow(QMainWindow):
    """Panels in their places, menus, drops, errors. Panels know the session and never each other."""

    def __init__(self, session: Session, parent: QWidget | None = None, *, remembers: bool = True):
        super().__init__(parent)
        self.session = session
        self._remembers = remembers  # the places of its panels, from one start to the next
        self.setWindowTitle("VAE Explorer")
        self.setMinimumSize(720, 480)
        self._settings = QSettings(str(paths.settings_file()), QSettings.Format.IniFormat)
        self._before_presentation: tuple[int, bool] | None = None
        self._train_wished = True
        self._is_narrow: bool | None = None  # not known before it has a size
        self._is_arranged = False  # the panels have places from the last time
        self._may_close = False

        self.training = TrainingPanel(session)
        self.image = ImagePanel(session)
        self.latent = LatentPanel(session)
        self.decoded = DecodedPanel(session)
        self.tabs = Tabs(session)
        self.run_bar = RunBar(session)
        self.run_sheet = RunSheet(session)
        self.run_sheet.hide()
        self.title = TitleBar(session)
        self.self_test = SelfTestDialog(session.self_test, self)
        self.key_sheet: KeySheet | None = None
        self.errors = ErrorBanner()
        self.successes = Successes(session, self)
        self.setCentralWidget(self._make_centre())
        self.menu = MainMenu(self, self)
        self.drops = DropTarget(self)

        self.drops.dropped.connect(self._take)
        session.failed.connect(self._say)
        self.successes.succeeded.connect(self.errors.hide_sentence)
        session.closed.connect(self._on_session_closed)
        session.model.changed.connect(self._on_model_changed)
        session.model.saved.connect(self._on_saved)
        session.data.described.connect(self._on_data_described)
        session.take_away.told.connect(self._on_told)
        session.take_away.folder_changed.connect(self._on_folder_changed)
        theme.changed.connect(self._on_room_changed)
        self.title.open_asked.connect(self.open_files)
        self.image.open_asked.connect(self.open_files)
        self.title.save_asked.connect(self.save_model)
        self.run_bar.save_asked.connect(self._save_trained)
        self.run_bar.train_asked.connect(self._show_form)
        self.run_bar.sheet_toggled.connect(self.run_sheet.setVisible)
        self.training.started.connect(self.run_bar.stop.setFocus)
        for field in self.findChildren(QLineEdit):
            field.setAcceptDrops(False)  # a drop on it is for the window, not text
        self._restore()

    def _make_centre(self) -> QWidget:
        self.panels = QSplitter(Qt.Orientation.Horizontal)
        self.panels.setObjectName("panels")
        for panel, stretch in ((self.training, 2), (self.image, 3), (self.latent, 4), (self.decoded, 5)):
            self.panels.addWidget(panel)
            self.panels.setStretchFactor(self.panels.count() - 1, stretch)
            self.panels.setCollapsible(self.panels.count() - 1, panel is self.training)
        self.panels.setHandleWidth(2 * UNIT)
        self.panels.setSizes(list(FIRST_WIDTHS))
        self.rows = QSplitter(Qt.Orientation.Vertical)
        self.rows.setObjectName("rows")
        self.rows.addWidget(self.panels)
        self.rows.addWidget(self.tabs)
        self.rows.setHandleWidth(2 * UNIT)
        self.rows.setStretchFactor(0, 6)
        self.rows.setStretchFactor(1, 1)
        self.rows.setSizes(list(FIRST_HEIGHTS))
        self.rows.setChildrenCollapsible(False)

        centre = QWidget()
        centre.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # a click on nothing takes the focus from a control
        outer = QVBoxLayout(centre)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        inner = QVBoxLayout()
        inner.setContentsMargins(2 * UNIT, 2 * UNIT, 2 * UNIT, 2 * UNIT)
        inner.addWidget(self.errors)
        inner.addWidget(self.rows, 1)
        inner.addWidget(self.run_sheet)
        outer.addWidget(self.title)
        outer.addLayout(inner, 1)
        outer.addWidget(self.run_bar)
        return centre

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
        """Brings one of the views below the panels into sight."""
        self.tabs.show_view(key)

    def start_training(self) -> None:
        self.training.start.click()

    def toggle_run_sheet(self, on: bool) -> None:
        self.training.views.setVisible(on)

    def step_model(self, by: int) -> None:
        """Shows the next model (1) or the one before (−1)."""
        models = self.session.model
        if wanted := models.trained if by > 0 else models.opened:
            models.show(wanted.lineage)

    def show_workspace(self, key: str) -> None:
        self.menu.enlarge.setChecked(False)

    def enlarge_view(self, on: bool) -> None:
        self.panels.setVisible(not on)

    def fold_drawer(self, on: bool) -> None:
        self.tabs.setVisible(not on)

    def walk_panels(self, by: int) -> None:
        walk((self.training, self.image, self.latent, self.decoded, self.tabs), by)

    def step_back(self) -> None:
        """Closes the message; where there is none, leaves the enlarged view, or goes back to the sliders."""
        rows = self.latent.rows()
        if self.errors.isVisible():
            self.errors.hide_sentence()
        elif self.menu.enlarge.isChecked():
            self.menu.enlarge.setChecked(False)
        elif rows:
            rows[0].slider.setFocus()

    def show_keys(self) -> None:
        """What each key does and each symbol means."""
        if self.key_sheet is None:
            self.key_sheet = KeySheet(self.menu.keys(), self)
        self.key_sheet.show()

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
        """Hides Train and enlarges the type; switches back to the previous state."""
        if on and self._before_presentation is None:
            self._before_presentation = (theme.scale, self._train_wished)
            self.set_train_visible(False)
            theme.set_scale(PRESENTATION_SCALE)
        elif not on and self._before_presentation is not None:
            scale, wished = self._before_presentation
            self._before_presentation = None
            theme.set_scale(scale)
            self.set_train_visible(wished)

    def set_train_visible(self, visible: bool) -> None:
        """The user's choice; a narrow window hides Train until it is asked for again."""
        self._train_wished = visible
        self._show_train(visible)

    def _show_form(self) -> None:
        self.set_train_visible(True)

    def _show_train(self, visible: bool) -> None:
        self.training.setVisible(visible)
        self.menu.train.blockSignals(True)  # the menu shows it, the wish stays
        self.menu.train.setChecked(visible)
        self.menu.train.blockSignals(False)

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

    # what happened

    def _on_model_changed(self) -> None:
        workspace = self.session.model.current
        self.setWindowTitle(f"{workspace.name} – VAE Explorer" if workspace else "VAE Explorer")
        rows = self.latent.rows()
        if rows and self.focusWidget() in (None, self.title.open):
            rows[0].slider.setFocus()

    def _on_saved(self, path: object) -> None:
        self.run_bar.show_message(f"Saved {path}", 5000)

    def _on_told(self, text: str) -> None:
        self.statusBar().showMessage(text, 5000)

    def _on_folder_changed(self) -> None:
        self._settings.setValue("pictures", str(self.session.take_away.folder))

    def _on_data_described(self, summary: object) -> None:
        self.set_train_visible(True)
        skipped = getattr(summary, "skipped", ())
        if skipped:
            self._say(f"{summary}. The first: {skipped[0]}", details="\n".join(skipped))

    # opening and closing

    def _folder(self) -> str:
        return str(self._settings.value("folder", str(Path.home())))

    def _restore(self) -> None:
        if pictures := self._settings.value("pictures"):
            self.session.take_away.set_folder(Path(str(pictures)))
        for name, widget in (("panels", self.panels), ("rows", self.rows)):
            state = self._settings.value(name) if self._remembers else None
            if isinstance(state, QByteArray):  # a damaged file gives anything
                self._is_arranged = widget.restoreState(state)
        if self.scheme() in Qt.ColorScheme.__members__:
            theme.set_scheme(Qt.ColorScheme[self.scheme()])
        geometry = self._settings.value("geometry") if self._remembers else None
        if not (isinstance(geometry, QByteArray) and self.restoreGeometry(geometry)):
            self.resize(1440, 900)

    @guarded()
    def showEvent(self, event: QShowEvent) -> None:
        """At first the tabs get the height they need and the panels the rest."""
        super().showEvent(event)
        if not self._is_arranged:
            self._is_arranged = True
            tabs = theme.pixels(FIRST_HEIGHTS[1])
            self.rows.setSizes([max(1, self.rows.height() - tabs), tabs])

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._on_room_changed()

    def _on_room_changed(self) -> None:
        """Hides Train when there is no room for it, and shows it again when there is."""
        is_narrow = self.width() < max(NARROW, theme.pixels(MIN_WIDTH))
        if is_narrow != self._is_narrow:
            self._is_narrow = is_narrow
            self._show_train(self._train_wished and not is_narrow)

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
            self._settings.setValue("panels", self.panels.saveState())
            self._settings.setValue("rows", self.rows.saveState())
        self.run_bar.show_message("Closing: the run is being saved…" if self.session.training.is_active else "Closing…")
        self.session.close()

    def _on_session_closed(self) -> None:
        self._may_close = True
        QTimer.singleShot(0, self.close)
