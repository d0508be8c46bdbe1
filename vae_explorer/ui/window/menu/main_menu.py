"""What is in the menus: every gesture of the mouse, with its key."""

from functools import partial
from pathlib import Path
from typing import Protocol

from PySide6.QtGui import QActionGroup, QKeySequence
from PySide6.QtWidgets import QAbstractButton, QComboBox, QMainWindow

from vae_explorer import paths
from vae_explorer.session.session import Session
from vae_explorer.ui.views import registry
from vae_explorer.ui.window.menu.menus import Menus, sequences

MAX_RUNS = 12  # in the menu
MAX_STEPS = 9  # of the preparation that have a key
MULTIPLIERS = (0, 3)  # of sigma: the smallest and the largest that the keys choose
MODES = (("mean", "&Mean image"), ("draw", "&Draw"), ("sigma", "&σ of each pixel"))
SCHEMES = (("Unknown", "S&ystem colours"), ("Light", "&Light"), ("Dark", "&Dark"))


class Verbs(Protocol):
    """What the menus ask of the window."""

    session: Session

    def open_files(self) -> None: ...
    def open_folder(self) -> None: ...
    def open_paths(self, files: list[Path]) -> None: ...
    def recent(self) -> list[str]: ...
    def save_model(self) -> None: ...
    def close_model(self) -> None: ...
    def save_picture(self) -> None: ...
    def copy_picture(self) -> None: ...
    def copy_csv(self) -> None: ...
    def paste(self) -> None: ...
    def enlarge_photo(self) -> None: ...
    def zoom(self, by: int) -> None: ...
    def scheme(self) -> str: ...
    def set_scheme(self, name: str) -> None: ...
    def start_training(self) -> None: ...
    def toggle_run_sheet(self, on: bool) -> None: ...
    def set_train_visible(self, visible: bool) -> None: ...
    def step_model(self, by: int) -> None: ...
    def show_workspace(self, key: str) -> None: ...
    def show_view(self, key: str) -> None: ...
    def enlarge_view(self, on: bool) -> None: ...
    def fold_drawer(self, on: bool) -> None: ...
    def walk_panels(self, by: int) -> None: ...
    def step_back(self) -> None: ...
    def set_presentation(self, on: bool) -> None: ...
    def show_keys(self) -> None: ...
    def show_log(self) -> None: ...
    def show_self_test(self) -> None: ...
    def about(self) -> None: ...


class MainMenu(Menus):
    """File, Edit, Image, Latent, Decoded, Train, View and Help. Where the window or a panel can change what an entry
    shows, the entry is an attribute."""

    def __init__(self, verbs: Verbs, window: QMainWindow):
        super().__init__(window)
        self._verbs = verbs
        self._fill_file()
        self._fill_edit()
        self._fill_image()
        self._fill_latent()
        self._fill_decoded()
        self._fill_train()
        self._fill_view()
        self._fill_help()
        session = verbs.session
        session.training.state_changed.connect(self._on_training_changed)
        session.image.encoded.connect(self._show_steps)
        session.image.images_changed.connect(self._show_steps)
        self._on_training_changed()
        self._show_steps()

    def _fill_file(self) -> None:
        verbs, menu = self._verbs, self._add_menu("&File")
        self._add(menu, "&Open…", verbs.open_files, QKeySequence.StandardKey.Open)
        self._add(menu, "Open &folder to train on…", verbs.open_folder, "Ctrl+Shift+O")
        self._bundled = menu.addMenu("&Bundled model")
        self._bundled.aboutToShow.connect(self._fill_bundled)
        self._recent = menu.addMenu("Open &recent")
        self._recent.aboutToShow.connect(self._fill_recent)
        menu.addSeparator()
        self._add(menu, "&Save model…", verbs.save_model, QKeySequence.StandardKey.Save)
        self._add(menu, "&Close model", verbs.close_model, QKeySequence.StandardKey.Close, "Ctrl+W")
        # on X11 a field takes Ctrl+E: to the end of its line
        self._add(menu, "Save &picture…", verbs.save_picture, "Ctrl+Shift+S", "Ctrl+E")
        menu.addSeparator()
        self._add(menu, "&Empty the picture cache", verbs.session.data.empty_cache)
        self._add(menu, "&Quit", self._window.close, QKeySequence.StandardKey.Quit, "Ctrl+Q")

    def _fill_edit(self) -> None:
        verbs, menu, history = self._verbs, self._add_menu("&Edit"), self._verbs.session.undo
        undo = history.createUndoAction(self._window, "&Undo")
        undo.setShortcuts(sequences(QKeySequence.StandardKey.Undo, "Ctrl+Z"))
        redo = history.createRedoAction(self._window, "&Redo")
        redo.setShortcuts(sequences(QKeySequence.StandardKey.Redo, "Ctrl+Shift+Z"))
        menu.addActions([undo, redo])
        self._window.addActions([undo, redo])
        menu.addSeparator()
        self._add(menu, "&Copy picture", verbs.copy_picture, "Ctrl+C")
        self._add(menu, "Copy all dimensions as C&SV", verbs.copy_csv, "Ctrl+Shift+C")
        self._add(menu, "&Paste image", verbs.paste, QKeySequence.StandardKey.Paste)

    def _fill_image(self) -> None:
        verbs, session, menu = self._verbs, self._verbs.session, self._add_menu("&Image")
        self._add(menu, "Another e&xample image", session.image.open_test_image, "Ctrl+I")
        self._add(menu, "&Next image", partial(session.image.step, 1), "Ctrl+PgDown")
        self._add(menu, "Pre&vious image", partial(session.image.step, -1), "Ctrl+PgUp")
        self._add(menu, "Re&move image from the strip", self._remove_image, plain="Ctrl+Del")
        menu.addSeparator()
        self._add(menu, "En&large the photo", verbs.enlarge_photo, "Ctrl+Shift+P")
        self._add(menu, "&Turn its frame by 90°", session.image.turn_frame, "Ctrl+Shift+R")
        self._add(menu, "&Automatic frame", partial(session.image.set_frame, None), "Ctrl+Shift+A")
        self._preparation = menu.addMenu("&Preparation")
        self._steps = [
            self._add(
                self._preparation, f"Step {at} of its preparation", partial(self._switch, at - 1), f"Ctrl+Shift+{at}"
            )
            for at in range(1, MAX_STEPS + 1)
        ]
        for action in self._steps:
            action.setCheckable(True)
        menu.addSeparator()
        self._add(menu, "Draw the &evidence again", session.evidence.redraw, "Ctrl+D")
        self._add(menu, "&Fit q to this image", session.evidence.fit, "Ctrl+F")

    def _fill_latent(self) -> None:
        session, menu = self._verbs.session, self._add_menu("&Latent")
        self._add(menu, "&Random z", session.latent.random, "Ctrl+R")
        self._add(menu, "To &μ", session.latent.to_mu, "Ctrl+M")
        self._add(menu, "To &0", session.latent.to_zero, plain="Ctrl+Backspace")
        menu.addSeparator()
        self._add(menu, "&Wider range of the sliders", partial(self._step_range, 1), plain="W")
        self._add(menu, "Narrow&er range", partial(self._step_range, -1), plain="Shift+W")
        self._add(menu, "&Inactive dimensions", partial(self._click, "latentFold"), plain="I")
        menu.addSeparator()
        self._add(menu, "Re&sample the posterior", session.posterior_samples.resample, plain="R")
        self._add(menu, "&Larger σ multiplier", partial(self._step_multiplier, 1), plain="X")
        self._add(menu, "Smaller σ mul&tiplier", partial(self._step_multiplier, -1), plain="Shift+X")
        self._add(menu, "&New prior samples", session.prior_samples.resample, plain="N")
        self._add(menu, "New samples of q(&z) and p(z)", session.aggregate.resample, "Ctrl+G")

    def _fill_decoded(self) -> None:
        decoded, menu = self._verbs.session.decoded, self._add_menu("&Decoded")
        for at, (mode, text) in enumerate(MODES, 1):
            self._add(menu, text, partial(decoded.set_mode, mode), f"Alt+{at}")
        self._add(menu, "&16 draws", partial(self._click, "sixteenDraws"), "Alt+4")
        self._add(menu, "Draw a&gain", decoded.draw_again, plain="Space")

    def _fill_train(self) -> None:
        verbs, menu = self._verbs, self._add_menu("&Train")
        self._start = self._add(menu, "&Start", verbs.start_training, "F5")
        self._pause = self._add(menu, "&Pause or resume", self._pause_or_resume, "F8")
        self._stop = self._add(menu, "S&top", verbs.session.training.stop, "Shift+F5")
        self.curves = self._add_switch(menu, "&Curves", verbs.toggle_run_sheet, "F7")
        self._resumable = menu.addMenu("&Resume a run")
        self._resumable.aboutToShow.connect(self._fill_resumable)
        menu.addSeparator()
        self.train = self._add_switch(menu, "S&how Train", verbs.set_train_visible, "Ctrl+T", on=True)
        self._add(menu, "&More settings", partial(self._click_in_train, "trainMore"), "Ctrl+Shift+M")
        self._add(menu, "&What is being trained", partial(self._click_in_train, "trainWhat"), "Ctrl+Shift+T")
        menu.addSeparator()
        self._add(menu, "&Next model", partial(verbs.step_model, 1), "Alt+PgDown")
        self._add(menu, "Pre&vious model", partial(verbs.step_model, -1), "Alt+PgUp")

    def _fill_view(self) -> None:
        verbs, menu = self._verbs, self._add_menu("&View")
        self._add(menu, "E&xplore", partial(verbs.show_workspace, "explore"), "Alt+Home")
        menu.addSeparator()
        for at, entry in enumerate(registry.VIEWS, 1):
            self._add(menu, entry.title, partial(verbs.show_view, entry.key), f"Ctrl+{at}")
        self.enlarge = self._add_switch(menu, "Enlarge the &view", verbs.enlarge_view, "F12")
        self.fold = self._add_switch(menu, "&Fold the views", verbs.fold_drawer, "Shift+F12")
        menu.addSeparator()
        self._add(menu, "&Next panel", partial(verbs.walk_panels, 1), "F6")
        self._add(menu, "Previo&us panel", partial(verbs.walk_panels, -1), "Shift+F6")
        self._add(menu, "Bac&k", verbs.step_back, plain="Esc")
        menu.addSeparator()
        self._add(menu, "&Bigger", partial(verbs.zoom, 1), QKeySequence.StandardKey.ZoomIn, "Ctrl+=")
        self._add(menu, "&Smaller", partial(verbs.zoom, -1), QKeySequence.StandardKey.ZoomOut)
        self._add(menu, "Default si&ze", partial(verbs.zoom, 0), "Ctrl+0")
        self.presentation = self._add_switch(menu, "Presen&tation", verbs.set_presentation, "F11")
        menu.addSeparator()
        self.scheme = QActionGroup(self._window)
        for scheme, text in SCHEMES:
            action = self._add(menu, text, partial(verbs.set_scheme, scheme), data=scheme)
            action.setCheckable(True)
            action.setChecked(scheme == verbs.scheme())
            self.scheme.addAction(action)

    def _fill_help(self) -> None:
        verbs, menu = self._verbs, self._add_menu("&Help")
        self._plain["?"] = self._add(menu, "&Keys and symbols", verbs.show_keys, "F1")
        self._add(menu, "Open the &menu", self.open, "F10")
        self._add(menu, "&Self-test…", verbs.show_self_test, "F9")
        self._add(menu, "Show &log", verbs.show_log)
        self._add(menu, "&About", verbs.about)

    # what they do

    def _click(self, name: str) -> None:
        """What a button of a panel does, by its name."""
        button = self._window.findChild(QAbstractButton, name)
        if button is not None and not button.isHidden():
            button.click()

    def _click_in_train(self, name: str) -> None:
        self._verbs.set_train_visible(True)
        self._click(name)

    def _step_range(self, by: int) -> None:
        limit = self._window.findChild(QComboBox, "latentLimit")
        if limit is not None and limit.isEnabled():
            limit.setCurrentIndex(min(max(limit.currentIndex() + by, 0), limit.count() - 1))

    def _step_multiplier(self, by: int) -> None:
        samples, (smallest, largest) = self._verbs.session.posterior_samples, MULTIPLIERS
        samples.set_multiplier(float(min(max(round(samples.settings.multiplier) + by, smallest), largest)))

    def _remove_image(self) -> None:
        image = self._verbs.session.image
        if image.image is not None:
            image.remove(image.image)

    def _switch(self, at: int) -> None:
        posterior = self._verbs.session.image.posterior
        if posterior is not None and at < len(posterior.steps):
            step = posterior.steps[at]
            self._verbs.session.image.set_switch(step.name, not step.on)

    def _show_steps(self) -> None:
        """Those of the chosen image; one that is fixed cannot be switched."""
        posterior = self._verbs.session.image.posterior
        steps = posterior.steps if posterior is not None else ()
        for at, action in enumerate(self._steps):
            action.setVisible(at < len(steps))
            if at < len(steps):
                action.setText(f"Step {at + 1} of its preparation: {steps[at].title}")
                action.setChecked(steps[at].on)
                action.setEnabled(not steps[at].fixed)
        self._preparation.setEnabled(bool(steps))

    def _pause_or_resume(self) -> None:
        training = self._verbs.session.training
        if training.state == "paused":
            training.resume()
        else:
            training.pause()

    def _on_training_changed(self) -> None:
        training = self._verbs.session.training
        self._start.setEnabled(not training.is_active)
        self._pause.setEnabled(training.state in ("running", "paused"))
        self._stop.setEnabled(training.is_active and training.state != "stopping")

    # menus that are filled when they open

    def _fill_bundled(self) -> None:
        open_ = self._verbs.session.model.open
        self._refill(self._bundled, [(name, partial(open_, name)) for name in paths.bundled_models()], "None")

    def _fill_recent(self) -> None:
        files = [Path(name) for name in self._verbs.recent()]
        entries = [(file.name, partial(self._verbs.open_paths, [file])) for file in files]
        self._refill(self._recent, entries, "No models opened yet")
        for action, file in zip(self._recent.actions(), files, strict=False):
            action.setToolTip(str(file))

    def _fill_resumable(self) -> None:
        training = self._verbs.session.training
        entries = [(run.folder.name, partial(training.resume_run, run)) for run in training.resumable()[:MAX_RUNS]]
        self._refill(self._resumable, entries, "No interrupted runs")
