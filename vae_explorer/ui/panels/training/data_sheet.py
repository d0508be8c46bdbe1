"""The contact sheet of the images that the form names: how they look, what is known of them, what was done to them."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QTimer
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from vae_explorer.session.jobs.data import DataSummary
from vae_explorer.session.records import Origin
from vae_explorer.session.session import Session
from vae_explorer.session.threads.guard import guarded
from vae_explorer.training.config import TrainConfig
from vae_explorer.ui.panels.training.config_form import ConfigForm
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.grid_layout import GAP
from vae_explorer.ui.widgets.image_grid import ImageGrid
from vae_explorer.ui.widgets.panel import Sentence, button, label, row
from vae_explorer.ui.widgets.take_away import Taken, offer

READING = tuple(type(TrainConfig().reading).model_fields)
SWITCHES = (("size",), ("fit",), ("background",), ("black", "white"), ("limit",))  # those of one line together
PAUSE = 400  # milliseconds without a change, before the images are read in the new way
LISTED = 50  # files of a list: `data info` names all of them
RESTYLED = (QEvent.Type.Show, QEvent.Type.FontChange, QEvent.Type.StyleChange)
EMPTY = "What these images look like is shown here."
MISSING = "These images are no longer where they were."
OUTDATED = "This is how they were read before."


class DataSheet(QWidget):
    """Images, state and lines. A line that a field changes has a second control of this field."""

    def __init__(self, session: Session, form: ConfigForm, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("dataSheet")
        self._session, self._data, self._form = session, session.data, form
        self._shown: DataSummary | None = None
        self._asked: tuple[str, object] = ("", None)  # what was read last on behalf of the form
        self._later = QTimer(self, singleShot=True, interval=PAUSE)
        self._later.timeout.connect(self._read_again)
        self.grid = SheetGrid()
        self.grid.setObjectName("dataSheetImages")
        self.grid.hide()
        self.grid.chosen.connect(self._on_chosen)
        offer(self.grid, session.take_away, self._taken)
        self.state = Sentence(name="dataSheetState")
        self.look = button("", self.look_now, "Read them, and show 32 of them and what is known of all", role="link")
        self.look.setObjectName("dataSheetLook")
        self.cancel = button("Cancel", self._on_cancel, "Give the reading up", role="link", name="dataSheetCancel")
        layout = self._column = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, UNIT)
        layout.setSpacing(UNIT)
        self._lines = QVBoxLayout()
        self._lines.setSpacing(UNIT)
        for part in (self.grid, self.state, self.look):
            layout.addWidget(part)
        layout.addLayout(self._lines)
        layout.addWidget(self.cancel)  # it comes and goes while a line's control is used, which must not move
        self._with_switch: dict[tuple[str, ...], Line] = {
            switches: Line([(form.title(one), form.twin(one)) for one in switches]) for switches in SWITCHES
        }
        self._plain: list[Line] = []
        self.lines: list[Line] = []  # those in sight, in their order
        for line in self._with_switch.values():
            self._lines.addWidget(line)
            line.hide()
        self._data.look_changed.connect(self._show)
        self._data.looked.connect(self.follow)
        self._data.described.connect(self.follow)
        self._data.choices_changed.connect(self._show)
        self._show()

    def follow(self) -> None:
        """The form may name other images, or have them read in another way."""
        if self._is_outdated() or self._is_needless():
            self._later.start()
        else:
            self._later.stop()
        self._show()

    def look_at_hand(self) -> bool:
        """Reads the images of the form if that takes a moment; gives whether it does."""
        data = self._form.data
        is_known = self._data.summary(data) or self._data.failure(data) or self._data.looking_at == data
        if is_known or not self._data.is_at_hand(data):
            return False
        self.look_now()
        return True

    def look_now(self) -> None:
        """Reads the images of the form in its way."""
        wanted = self._wanted()
        if wanted is not None:
            self._asked = (self._form.data, wanted)
            self._data.look(self._form.data, wanted)

    @guarded(False)
    def event(self, event: QEvent) -> bool:
        """As high as it needs to be at its width: a form does not follow a row whose height depends on its width."""
        done = super().event(event)
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Resize, *RESTYLED):
            layout = self._column
            if event.type() in RESTYLED:
                layout.invalidate()  # what it knows of a label may be of another size of the type
            height = layout.heightForWidth(self.width()) if layout.hasHeightForWidth() else layout.sizeHint().height()
            if height != self.minimumHeight() or height != self.maximumHeight():
                self.setFixedHeight(height)
            layout.activate()
        return done

    @guarded()
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.look_at_hand()

    def _wanted(self) -> Any:
        """How the form has them read; None while that is no way."""
        try:
            return self._form.config(READING).reading
        except ValueError:
            return None

    def _is_outdated(self) -> bool:
        """Whether the form has them read in a way in which nobody has tried it."""
        data, wanted = self._form.data, self._wanted()
        summary = self._data.summary(data)
        is_free = not self._form.is_locked and not self._data.is_reading(data)
        return is_free and summary is not None and wanted not in (None, summary.asked) and (data, wanted) != self._asked

    def _is_needless(self) -> bool:
        """Whether they are being read again although the form is back to what is shown."""
        summary = self._data.summary(self._form.data)
        return self._data.looking_at == self._form.data and summary is not None and summary.asked == self._wanted()

    def _read_again(self) -> None:
        if self._is_outdated():
            self.look_now()
        elif self._is_needless():
            self._data.cancel(self._form.data)
        self._show()

    def _on_cancel(self) -> None:
        self._later.stop()
        self._asked = (self._form.data, self._wanted())
        self._data.cancel(self._form.data)
        self._show()

    def _on_chosen(self, index: int) -> None:
        if self._shown:
            sheet = self._shown.sheet
            self._session.image.open([Origin(sheet.names[index], sheet.images[index].transpose(1, 2, 0))])

    def _taken(self) -> Taken:
        command = partial(self._session.take_away.sheet_command, self._shown)
        return Taken("contact sheet", command=command, of_image=False)

    # what is shown

    def _show(self, *_: object) -> None:
        data = self._form.data
        summary = self._data.summary(data)
        reads = self._data.is_reading(data) or self._data.looking_at == data or self._later.isActive()
        if summary is not self._shown:
            self._shown = summary
            self._show_summary(summary)
        self.grid.set_message(self._data.how_far(data) if reads else None)
        sentence = "" if reads and summary else self._sentence(data, summary, reads)
        if sentence != self.state.text():
            self.state.setText(sentence)
        self.state.setVisible(bool(sentence))
        self.look.setText(self._invitation(data))
        self.look.setVisible(bool(sentence) and not reads and sentence != MISSING and not self._form.is_locked)
        self.cancel.setVisible(reads)

    def _sentence(self, data: str, summary: DataSummary | None, reads: bool) -> str:
        if reads:
            return self._data.how_far(data)
        if failure := self._data.failure(data):
            return failure
        if summary is None:
            return MISSING if self._data.is_missing(data) else EMPTY
        wanted = self._wanted()
        return OUTDATED if wanted is not None and wanted != summary.asked else ""

    def _invitation(self, data: str) -> str:
        size = next((choice.download_bytes for choice in self._data.choices if choice.data == data), 0)
        return f"Download {size / 1e6:.0f} MB and show them" if size else "Show them"

    def _show_summary(self, summary: DataSummary | None) -> None:
        self.grid.setVisible(summary is not None)
        notes = summary.sheet.lines if summary else ()
        if summary:
            self.grid.setAccessibleName(f"images of {summary.name}")
            self.grid.show_sheet(summary.sheet.images, summary.sheet.columns)
            self.grid.set_captions(summary.sheet.names)
        plain = iter([*self._plain, *(self._another() for _ in range(len(notes) - len(self._plain)))])
        before, self.lines = self.lines, []
        for note in notes:
            free = self._with_switch.get(note.switches)
            line = free if free is not None and free not in self.lines else next(plain)
            line.show_note(note.sentence, [one.reason for one in note.files])
            self._lines.removeWidget(line)
            self._lines.addWidget(line)  # below those that are there
            line.show()
            self.lines.append(line)
        for line in before:
            if line not in self.lines:
                line.hide()
        self._order()

    def _another(self) -> "Line":
        line = Line([])
        self._plain.append(line)
        return line

    def _order(self) -> None:
        """Of Tab: below the row of the images, from top to bottom."""
        before = self._form.field("data")
        controls = [control for line in self.lines for control in line.controls]
        for control in (self.grid, self.look, self.cancel, *controls):
            QWidget.setTabOrder(before, control)
            before = control


class Line(QWidget):
    """A sentence, the controls that change what it says, and the list of what it is about."""

    def __init__(self, switches: Sequence[tuple[str, QWidget]]):
        super().__init__()
        self.sentence = Sentence()
        self.unfold = button("", self._on_unfold, "Show or hide which they are", role="link", checkable=True)
        self.list = Sentence()
        self._reasons: Sequence[str] = ()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, UNIT if switches else 0)
        layout.setSpacing(UNIT)
        layout.addWidget(self.sentence)
        controls = row()
        for title, control in switches:
            controls = row(label(title, role="caption"))
            controls.addWidget(control, 1)
            layout.addLayout(controls)
        if len(switches) == 1:
            controls.addWidget(self.unfold)
        else:
            layout.addWidget(self.unfold)
        layout.addWidget(self.list)
        self.controls = (*(control for _, control in switches), self.unfold)

    def show_note(self, sentence: str, reasons: Sequence[str]) -> None:
        self.sentence.setText(sentence)
        if list(reasons) != list(self._reasons):
            self.unfold.setChecked(False)
        self._reasons = reasons
        self.unfold.setVisible(bool(reasons))
        self._on_unfold()

    def _on_unfold(self) -> None:
        is_open, count = self.unfold.isChecked(), len(self._reasons)
        self.unfold.setText(f"Which {'▾' if is_open else '▸'}")
        self.unfold.setAccessibleName(f"Which {count:,}: {self.sentence.text()}")
        listed = list(self._reasons[:LISTED])
        if count > LISTED:
            listed.append(f"… and {count - LISTED:,} more, which vae-explorer data info names")
        self.list.setText("\n".join(listed) if is_open else "")
        self.list.setVisible(is_open and count > 0)


class SheetGrid(ImageGrid):
    """As wide as its place, and as high as its rows then are."""

    def __init__(self) -> None:
        super().__init__()
        self._per_row = 1
        theme.changed.connect(self._fit)

    def show_sheet(self, images: np.ndarray, columns: int) -> None:
        """Images [n, c, h, w], so many in a row."""
        self._per_row = columns
        self.set_images(images)
        self._fit()

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if self.is_empty:
            return
        count, _, height, width = self.numbers().shape
        rows, margin = -(-count // self._per_row), 2 * theme.pixels(3)
        room = self.width() - margin
        gap = max(2.0, GAP * room / self._per_row)
        tile = (room - (self._per_row - 1) * gap) / self._per_row * height / width
        needed = min(round(rows * (tile + gap) - gap) + margin, self.width())
        if needed != self.minimumHeight() or needed != self.maximumHeight():
            self.setFixedHeight(max(1, needed))
