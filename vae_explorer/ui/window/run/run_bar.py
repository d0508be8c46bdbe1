"""The bar at the bottom of every workspace: how the run is, its buttons, long jobs, and short messages."""

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QProgressBar, QPushButton, QSizePolicy, QWidget

from vae_explorer.session.session import Session
from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.live_text import LiveText, Piece
from vae_explorer.ui.widgets.panel import button
from vae_explorer.ui.window.run.job_status import JobStatus
from vae_explorer.ui.window.run.run_line import Part, RunLine, usual_width
from vae_explorer.ui.window.run.run_words import score_key, words_of

HEIGHT, CONTROL, MARGIN, GAP = 28, 24, 12, 12  # pixels at 100 %
LINE_SHARE = 0.62  # of a wide window: so far right Pause and Stop are at most
NEXT, LEAST_NEXT, LEAST_JOBS = 176, 96, 176  # pixels at 100 %
NARROW = 560  # pixels at 100 %: below, buttons say less
BAR_STEPS = 1000  # of the progress
CALM = 200  # milliseconds between two looks at a run that goes on: nobody reads faster
HINT = "Drop an image, a model or a folder anywhere"
PAUSE, RESUME = "❚❚ Pause", "▶ Resume"


class RunBar(QFrame):
    """One line. Its parts have places that depend on the width and the size of the type, never on what they say, so
    nothing that comes and goes during a run changes a layout. Its own layout is by hand for the same reason.

    Signals:
        train_asked(): the form of a new run is to be shown
        save_asked(): the trained model is to be saved
        sheet_toggled(is_open: bool): the sheet of curves is to be shown or hidden
    """

    train_asked = Signal()
    save_asked = Signal()
    sheet_toggled = Signal(bool)

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("runBar")
        self.setProperty("role", "runbar")
        self.setAccessibleName("Run bar")
        self._session, self._training = session, session.training
        self._kinds: tuple[str, ...] = ()  # of the jobs in sight
        self._whole: dict[QPushButton, str] = {}  # texts that are elided where there is no room
        self._make_parts()
        self._calm = QTimer(self, singleShot=True, interval=CALM)
        self._calm.timeout.connect(self._show_run)
        self._message_over = QTimer(self, singleShot=True)
        self._message_over.timeout.connect(self.clear_message)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

        self._training.state_changed.connect(self._on_state_changed)
        self._training.progressed.connect(self._on_progressed)
        self._training.reported.connect(self._on_reported)
        self._training.run_opened.connect(self._on_state_changed)
        session.model.models_changed.connect(self._on_state_changed)
        session.next_run.changed.connect(self._on_next_changed)
        session.jobs.changed.connect(self._on_jobs_changed)
        theme.changed.connect(self._on_theme_changed)
        self._on_next_changed()
        self._on_state_changed()

    def _make_parts(self) -> None:
        self.progress = QProgressBar(self)
        self.progress.setObjectName("trainProgress")
        self.progress.setProperty("role", "edge")
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Progress of the training")
        self.train = self._button("▶ Train…  Ctrl+T", self.train_asked.emit, "Set up a new run (Ctrl+T)", "runTrain")
        self.line = RunLine(self)
        self.pause = self._button(PAUSE, self._on_pause, "Pause after the current step; nothing is lost", "trainPause")
        self.stop = self._button(
            "■ Stop", self._training.stop, "End the run and keep its model; it can be resumed later", "trainStop"
        )
        self.save = self._button(
            "Save model as…", self.save_asked.emit, "Save the trained model to a file", "trainSave"
        )
        self.back = self._button("", self._session.model.drop_trained, "", "trainBack")
        self.next_run = LiveText("trainNext", parent=self)
        self.hint = LiveText("runHint", align_right=True, parent=self)
        self.hint.set_pieces(Piece(HINT))
        self.jobs = JobStatus(self._session, self)
        self.message = LiveText("runMessage", parent=self)
        self.curves = self._button("Curves ▴", self._on_curves, "Show the curves of the run", "runCurves")
        self.curves.setCheckable(True)

    def _button(self, text: str, does: object, tip: str, name: str) -> QPushButton:
        made = button(text, does, tip, role="link", name=name)  # type: ignore[arg-type]
        made.setParent(self)
        self._whole[made] = text
        return made

    # messages

    def show_message(self, text: str, ms: int = 0) -> None:
        """A short text for so many milliseconds; 0: until the next one."""
        self.message.set_pieces(Piece(text, "text", is_name=True))
        self._message_over.stop()
        if ms:
            self._message_over.start(ms)
        self._place()

    def clear_message(self) -> None:
        self.message.set_pieces()
        self._message_over.stop()
        self._place()

    # what happened

    def _on_pause(self) -> None:
        if self._training.state == "paused":
            self._training.resume()
        else:
            self._training.pause()

    def _on_curves(self) -> None:
        self.set_sheet_open(self.curves.isChecked())
        self.sheet_toggled.emit(self.curves.isChecked())

    def set_sheet_open(self, is_open: bool) -> None:
        """The button says whether the sheet is open. Emits nothing."""
        self.curves.setChecked(is_open)
        self._whole[self.curves] = "Curves ▾" if is_open else "Curves ▴"
        self._set_tip(self.curves, "Hide the curves of the run" if is_open else "Show the curves of the run")
        self._place()

    def _on_state_changed(self) -> None:
        training, model = self._training, self._session.model
        state, is_active = training.state, training.is_active
        self.pause.setEnabled(state in ("running", "paused"))
        self._whole[self.pause] = RESUME if state == "paused" else PAUSE
        is_paused = state == "paused"
        self._set_tip(self.pause, "Continue the run" if is_paused else "Pause after the current step; nothing is lost")
        self.stop.setEnabled(is_active and state != "stopping")
        self._whole[self.back] = f"Back to {model.opened.name}" if model.opened else "Close this model"
        show = f"Show {model.opened.name} again" if model.opened else "Close this model"
        self._set_tip(self.back, f"{show}; the run stays on this machine")
        self.progress.setRange(0, 0 if state == "loading" else BAR_STEPS)
        self.progress.setVisible(is_active)
        self._show_run()
        self.line.setAccessibleDescription(self.line.text)
        self._place()

    def _on_progressed(self) -> None:
        if self.isVisible() and not self._calm.isActive():
            self._calm.start()

    def _on_reported(self) -> None:
        training = self._training
        if self.isVisible() and (not training.is_active or len(training.curves.epochs) < 2):
            self._show_run()
            self._place()
        else:
            self._on_progressed()

    def _show_run(self) -> None:
        training, progress = self._training, self._training.progress
        self.line.set_words(words_of(training))
        self.line.set_curve(training.curves, score_key(training))
        if training.is_active and progress is not None and progress.fraction is not None:
            self.progress.setRange(0, BAR_STEPS)
            self.progress.setValue(round(BAR_STEPS * progress.fraction))

    def _on_next_changed(self) -> None:
        following = self._session.next_run
        reading = " (reading…)" if following.is_reading else ""
        name = Piece(following.title, "text", is_name=True)
        self.next_run.set_pieces(*((Piece("next: "), name, Piece(reading)) if following.data else ()))

    def _on_jobs_changed(self) -> None:
        kinds = tuple(self._session.jobs.running)
        if kinds != self._kinds:
            self._kinds = kinds
            self._place()

    def _on_theme_changed(self) -> None:
        self.updateGeometry()
        self._place()

    def _set_tip(self, control: QPushButton, tip: str) -> None:
        control.setToolTip(tip)
        control.setAccessibleDescription(tip)

    # places

    @guarded(QSize(0, HEIGHT))
    def sizeHint(self) -> QSize:
        return QSize(theme.pixels(480), theme.pixels(HEIGHT))

    @guarded(QSize(0, HEIGHT))
    def minimumSizeHint(self) -> QSize:
        return QSize(0, theme.pixels(HEIGHT))

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()

    @guarded()
    def showEvent(self, event: QShowEvent) -> None:
        self._on_state_changed()

    @guarded()
    def hideEvent(self, event: QHideEvent) -> None:
        self._calm.stop()
        self._message_over.stop()

    def _place(self) -> None:
        """From both ends inwards: first what can be pressed, then texts in the room that is left."""
        px, gap, is_active = theme.pixels, theme.pixels(GAP), self._training.is_active
        is_narrow = self.width() < px(NARROW)
        self._whole[self.train] = "▶ Train…" if is_narrow else "▶ Train…  Ctrl+T"
        self._whole[self.save] = "Save…" if is_narrow else "Save model as…"
        self.progress.setGeometry(0, 0, self.width(), px(2))
        left, right = px(MARGIN), self.width() - px(MARGIN)
        has_curves = is_active or bool(self._training.curves.epochs) or self.curves.isChecked()
        curves = self._wide(self.curves, "Curves ▴")
        self._put(self.curves, right - curves if has_curves else None, curves)
        right -= curves + gap if has_curves or is_active else 0

        pause, stop = max(self._wide(self.pause, text) for text in (PAUSE, RESUME)), self._wide(self.stop, "■ Stop")
        train = self._wide(self.train, self._whole[self.train])
        self._put(self.train, None if is_active else left, train)
        if is_active:
            at = self._pause_at(right - pause - stop - px(4))
            self._put(self.pause, at, pause)
            self._put(self.stop, at + pause + px(4), stop)
            free = (at + pause + px(4) + stop + gap, right)
            self._put(self.save, None)
            self._put(self.back, None)
        else:
            self._put(self.pause, None)
            self._put(self.stop, None)
            left += train + gap
            at, free = self._place_what_follows(left, right)
        self._place_texts((left, at - gap), free, is_active=is_active)

    def _pause_at(self, most: int) -> int:
        """x of Pause: so far right that there is room for the usual parts of the line, as many as fit."""
        px, left_out = theme.pixels, set[Part]()
        following = px(NEXT) + px(GAP)
        parts: tuple[Part, ...] = ("speed", "spark")
        for part in parts:
            if px(MARGIN) + usual_width(left_out) + px(GAP) + following > most:
                left_out.add(part)
        if px(MARGIN) + usual_width(left_out) + px(GAP) + following > most:
            following = 0
        self.line.leave_out(left_out)
        return min(most - following, max(px(880), round(LINE_SHARE * self.width()))) if following else most

    def _place_what_follows(self, left: int, right: int) -> tuple[int, tuple[int, int]]:
        """Save and Back after a run: where they begin, and what is free on the right of them."""
        px = theme.pixels
        self.line.leave_out(set())
        if self._session.model.trained is None:
            self._put(self.save, None)
            self._put(self.back, None)
            middle = right if self.line.text and right - left < px(720) else (left + right) // 2
            at = middle if self.line.text else left
            return at, (at + px(GAP) if self.line.text else left, right)
        save = self._wide(self.save, self._whole[self.save])
        back = min(self._wide(self.back, self._whole[self.back]), px(240), max(px(64), right - left - save - px(4)))
        both = save + px(4) + back
        at = max(left, right - both)
        usual = left + usual_width({"speed", "left"}) + px(GAP)
        if usual + both + px(GAP) + px(LEAST_NEXT) <= right:
            at = usual
        self._put(self.save, at, save)
        self._put(self.back, at + save + px(4), back)
        return at, (at + both + px(GAP), right)

    def _place_texts(self, line: tuple[int, int], free: tuple[int, int], *, is_active: bool) -> None:
        """The line, and in the free room on the right what is most urgent: a message, jobs, the next run, the hint.
        What is urgent and finds no room there takes the end of the line's."""
        px = theme.pixels
        for urgent, least in ((self.message, LEAST_NEXT), (self.jobs, LEAST_JOBS)):
            wanted = bool(self.message.text) if urgent is self.message else bool(self._kinds)
            if not wanted:
                urgent.hide()
            elif free[1] - free[0] >= px(least):
                self._put(urgent, free[0], free[1] - free[0])
                free = (free[1], free[1])
            else:
                width = min(line[1] - line[0], max(px(least) * max(1, len(self._kinds)), (line[1] - line[0]) // 3))
                self._put(urgent, line[1] - width, width)
                line = (line[0], line[1] - width - px(GAP))
        self._put(self.line, line[0] if self.line.text else None, line[1] - line[0])
        room, has_next = free[1] - free[0], is_active
        self._put(self.next_run, free[0] if has_next and room >= px(LEAST_NEXT) else None, room)
        self._put(self.hint, free[0] if not has_next and room >= px(LEAST_NEXT) else None, room)

    def _wide(self, control: QPushButton, text: str) -> int:
        """How wide a button is with this text."""
        return control.fontMetrics().horizontalAdvance(text) + theme.pixels(16)

    def _put(self, part: QWidget, x: int | None, width: int = 0) -> None:
        """At this x, or nowhere; of a size that is fixed, so that no new text asks for another."""
        if x is None or width <= 0:
            part.hide()
            return
        height = theme.pixels(CONTROL)
        part.setFixedSize(width, height)
        part.move(x, theme.pixels(2) + (self.height() - theme.pixels(2) - height) // 2)
        if isinstance(part, QPushButton):
            room = width - theme.pixels(12)
            text = part.fontMetrics().elidedText(self._whole[part], Qt.TextElideMode.ElideMiddle, room)
            if part.text() != text:
                part.setText(text)
                part.setAccessibleName(self._whole[part].strip("▶❚■▴▾ "))
        part.show()
