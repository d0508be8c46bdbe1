"""A form made from a config's own fields: a new field is a new row."""

import re
from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise
from pathlib import PurePath
from types import UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QHelpEvent, QPaintEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QLineEdit,
    QSizePolicy,
    QSpinBox,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolTip,
    QWidget,
)

from vae_explorer.errors import wrong_value
from vae_explorer.session.threads.guard import guarded
from vae_explorer.session.training import TrainingSession
from vae_explorer.training.config import TrainConfig
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.panel import button, label, row

FIRST = ("data", "kind", "network", "z_dim", "likelihood", "sigma", "beta", "epochs")  # the rest is behind More…
LARGEST = 2**31 - 1
LEAST_WIDTH = 96  # pixels at 100 %, of a control
WITH_A_PRIOR = ("beta", "warm_up")  # mean nothing to a model without a prior
ZERO = {"size": "auto", "limit": "all"}  # what 0 is shown as
NAMES = {"data": "trainData"}  # objectNames that the outside relies on


class ConfigForm(QWidget):
    """Rows for the fields of TrainConfig; `config` raises ValueError with a sentence where one is wrong. Where there is
    no room for a name and its control side by side, the control goes below its name.

    Signals:
        changed(): the user changed a field
    """

    changed = Signal()

    def __init__(self, config: TrainConfig, parent: QWidget | None = None):
        super().__init__(parent)
        self._fields: dict[str, QWidget] = {}
        self._twins: dict[str, QWidget] = {}
        self._is_locked = self._shows_all = False
        self._rows = QFormLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setHorizontalSpacing(2 * UNIT)
        self._rows.setVerticalSpacing(UNIT)
        self._rows.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self._rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._rows.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        fields = TrainConfig.model_fields
        for name in FIRST:
            self._add(name, fields[name], getattr(config, name))
        self.more = button(
            "More…", self._on_more, "Learning rate, batch size, hidden units, seed, device…", role="link"
        )
        self.more.setObjectName("trainMore")
        foot = row()
        foot.addStretch(1)
        foot.addWidget(self.more)
        self._rows.addRow(foot)
        for name in (name for name in fields if name not in FIRST):
            self._add(name, fields[name], getattr(config, name))
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self._on_fields_changed()

    def set_start(self, start: QWidget) -> None:
        """The button that the form is for, elsewhere: the next after its first rows for Tab."""
        order = [*(self._fields[name] for name in FIRST), start, self.more]
        for before, after in pairwise(order):
            QWidget.setTabOrder(before, after)

    def add_below(self, name: str, widget: QWidget) -> None:
        """A row of its own below that of a field."""
        at = self._rows.getWidgetPosition(self._fields[name])[0]  # type: ignore[index]
        self._rows.insertRow(at + 1, widget)

    def twin(self, name: str) -> QWidget:
        """Another control of a field, to be shown elsewhere: both are always in step."""
        if name not in self._twins:
            twin = self._control(name, _read(self._fields[name]), f"sheet_{name}")
            _on_change(twin, partial(self._copy, twin, self._fields[name]))
            _on_change(self._fields[name], partial(self._copy, self._fields[name], twin))
            self._twins[name] = twin
            self._on_fields_changed()
            self._on_theme_changed()
        return self._twins[name]

    @staticmethod
    def title(name: str) -> str:
        """Of a field."""
        return TrainConfig.model_fields[name].title or name

    def set_locked(self, is_locked: bool) -> None:
        """While a run goes on, its options can be read but not changed."""
        self._is_locked = is_locked
        self._on_fields_changed()

    @property
    def is_locked(self) -> bool:
        return self._is_locked

    def field(self, name: str) -> Any:
        """The control of one field."""
        return self._fields[name]

    def config(self, names: Iterable[str] = TrainConfig.model_fields) -> TrainConfig:
        """What is filled in, or is so in these rows alone. Raises ValueError that names the row."""
        values = {name: _read(self._fields[name]) for name in names}
        try:
            return TrainConfig(**values)
        except ValidationError as error:
            name, wanted, _ = wrong_value(error)
            raise ValueError(f"{self.title(name)} must be {wanted}, got {_typed(self._fields[name])}") from None

    def set_config(self, config: TrainConfig) -> None:
        for name, field in self._fields.items():
            _write(field, getattr(config, name))

    def set_data_choices(self, choices: list[tuple[str, str]]) -> None:
        """The list of images: (what TrainConfig.data takes, what is shown). Keeps the choice."""
        field = self._fields["data"]
        assert isinstance(field, QComboBox)
        before = field.currentData()
        field.blockSignals(True)
        field.clear()
        for data, text in choices:
            field.addItem(text, data)
        field.blockSignals(False)
        _write(field, before)

    @property
    def data(self) -> str:
        """What TrainConfig.data would be."""
        return str(_read(self._fields["data"]))

    def set_data(self, data: str) -> None:
        self.set_field("data", data)

    def set_field(self, name: str, value: object) -> None:
        """Fills in one row."""
        _write(self._fields[name], value)

    def _add(self, name: str, info: FieldInfo, value: object) -> None:
        field = self._control(name, value, NAMES.get(name, f"train_{name}"))
        title = label(self.title(name))
        title.setToolTip(info.description or "")
        title.setBuddy(field)
        self._rows.addRow(title, field)
        self._fields[name] = field
        _on_change(field, self._on_field_changed)

    def _control(self, name: str, value: object, object_name: str) -> QWidget:
        info = TrainConfig.model_fields[name]
        field = _control(info, value)
        if isinstance(field, QSpinBox):
            field.setSpecialValueText(ZERO.get(name, ""))
        field.setObjectName(object_name)
        field.setToolTip(info.description or "")
        field.setAccessibleName(self.title(name))
        field.setAccessibleDescription(info.description or "")
        field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        field.installEventFilter(self)
        return field

    @staticmethod
    def _copy(one: QWidget, other: QWidget, *_: object) -> None:
        if _read(one) != _read(other):
            _write(other, _read(one))

    @guarded(False)
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The wheel turns a control only while it has the focus; otherwise it scrolls what the form is in."""
        if event.type() == QEvent.Type.Wheel and not cast(QWidget, watched).hasFocus():
            event.ignore()
            return True
        return False

    def _on_field_changed(self, *_: object) -> None:
        self._on_fields_changed()
        self.changed.emit()

    def _on_more(self) -> None:
        self._shows_all = not self._shows_all
        self._on_fields_changed()

    def _on_fields_changed(self) -> None:
        """Which rows are in sight, and which can be changed."""
        is_gaussian = _read(self._fields["likelihood"]) == "gaussian"
        kind: Any = _read(self._fields["kind"])
        has_prior = "prior" in TrainingSession.abilities(TrainConfig(kind=kind))
        for name, field in self._fields.items():
            self._rows.setRowVisible(field, is_gaussian if name == "sigma" else name in FIRST or self._shows_all)
            field.setEnabled(not self._is_locked and (has_prior or name not in WITH_A_PRIOR))
        for twin in self._twins.values():
            twin.setEnabled(not self._is_locked)
        self.more.setText("Less" if self._shows_all else "More…")

    def _on_theme_changed(self) -> None:
        for field in (*self._fields.values(), *self._twins.values()):
            field.setMinimumWidth(theme.pixels(LEAST_WIDTH))


class Choice(QComboBox):
    """A list of which one is chosen; a long name is elided in the middle, whole in the tooltip."""

    @guarded(False)
    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            path = self.currentData(Qt.ItemDataRole.ToolTipRole) or self.currentText()
            QToolTip.showText(event.globalPos(), f"{path}\n{self.toolTip()}", self)
            return True
        return super().event(event)

    @guarded()
    def paintEvent(self, event: QPaintEvent) -> None:
        if self.isEditable():
            super().paintEvent(event)
            return
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        room = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        text = self.fontMetrics().elidedText(option.currentText, Qt.TextElideMode.ElideMiddle, room.width() - UNIT)
        option.currentText = text
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)


def _on_change(control: QWidget, does: Callable[..., object]) -> None:
    """Calls it when the user or a program has changed the control."""
    for signal in ("currentIndexChanged", "valueChanged", "textEdited", "currentTextChanged"):
        if hasattr(control, signal):
            getattr(control, signal).connect(does)


def _control(info: FieldInfo, value: object) -> QWidget:
    kind = info.annotation
    if get_origin(kind) is Literal:
        box = Choice()
        for choice in get_args(kind):
            box.addItem(str(choice), choice)
        control: QWidget = box
    elif get_origin(kind) in (Union, UnionType):  # words or a number
        words = [word for part in get_args(kind) if get_origin(part) is Literal for word in get_args(part)]
        box = Choice()
        box.setEditable(True)
        box.addItems(words)
        control = box
    elif kind is int:
        spin = QSpinBox()
        limits = {type(limit).__name__: limit for limit in info.metadata}
        spin.setRange(int(getattr(limits.get("Ge"), "ge", 0)), int(getattr(limits.get("Le"), "le", LARGEST)))
        control = spin
    elif kind is float:
        control = QLineEdit()
    else:  # the images
        control = Choice()
        control.addItem(str(value), value)
    control.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    _write(control, value)
    return control


def _read(control: QWidget) -> object:
    if isinstance(control, QComboBox):
        return _with_point(control.currentText()) if control.isEditable() else control.currentData()
    if isinstance(control, QSpinBox):
        return control.value()
    assert isinstance(control, QLineEdit)
    return _with_point(control.text())


def _with_point(text: str) -> str:
    """A number with the decimal comma and the minus sign of people, as Python reads it."""
    return text.strip().replace(",", ".").replace("−", "-")


def _typed(control: QWidget) -> str:
    """What is written in a control, for a sentence; numbers with the minus sign of all other figures."""
    text = control.currentText() if isinstance(control, QComboBox) else cast(QLineEdit, control).text()
    return re.sub(r"^-(?=[\d.,])", "−", text.strip()) or "nothing"


def _shown(value: object) -> str:
    """A short text that is read back as the same value."""
    short = f"{value:g}" if isinstance(value, float) else str(value)
    return repr(value) if isinstance(value, float) and float(short) != value else short


def _write(control: QWidget, value: object) -> None:
    if isinstance(control, QComboBox):
        if control.isEditable():
            control.setCurrentText(_shown(value))
            return
        at = control.findData(value)
        if at < 0 and value is not None:
            control.insertItem(0, PurePath(str(value)).name or str(value), value)
            control.setItemData(0, str(value), Qt.ItemDataRole.ToolTipRole)
            at = 0
        control.setCurrentIndex(max(at, 0))
    elif isinstance(control, QSpinBox):
        control.setValue(int(str(value)))
    elif isinstance(control, QLineEdit):
        control.setText(_shown(value))
