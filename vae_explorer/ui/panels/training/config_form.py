"""A form made from a config's own fields: a new field is a new row."""

from pathlib import PurePath
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLineEdit, QSizePolicy, QSpinBox, QWidget

from vae_explorer.session.training import TrainingSession
from vae_explorer.training.config import TrainConfig
from vae_explorer.ui.theme import UNIT
from vae_explorer.ui.widgets.panel import button, label

FIRST = ("data", "kind", "network", "z_dim", "likelihood", "beta", "epochs")  # the rest is behind More…
LARGEST = 2**31 - 1
WITH_A_PRIOR = ("beta", "warm_up")  # mean nothing to a model without a prior
NAMES = {"data": "trainData"}  # objectNames that the outside relies on


class ConfigForm(QWidget):
    """Rows for the fields of TrainConfig; `config` raises ValueError with a sentence where one is wrong.

    Signals:
        changed(): the user changed a field
    """

    changed = Signal()

    def __init__(self, config: TrainConfig, parent: QWidget | None = None):
        super().__init__(parent)
        self._fields: dict[str, QWidget] = {}
        self._labels: dict[str, QWidget] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(2 * UNIT)
        self._grid.setVerticalSpacing(UNIT - 1)
        self._grid.setColumnStretch(1, 1)
        fields = TrainConfig.model_fields
        for name in (*FIRST, *(name for name in fields if name not in FIRST)):
            self._add(name, fields[name], getattr(config, name))
        self.more = button(
            "More…", self._on_more, "Learning rate, batch size, hidden units, seed, device…", role="link"
        )
        self.more.setObjectName("trainMore")
        line = FIRST.index("epochs")
        self._grid.addWidget(self.more, line, 2, Qt.AlignmentFlag.AlignRight)
        self._shows_all = False
        self._on_visibility()

    def field(self, name: str) -> Any:
        """The control of one field."""
        return self._fields[name]

    def config(self) -> TrainConfig:
        """What is filled in. Raises ValueError that names the row."""
        values = {name: _read(field) for name, field in self._fields.items()}
        try:
            return TrainConfig(**values)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0])
            raise ValueError(f"{_title(name)}: {first['msg'].lower()}, got {first['input']}") from None

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
        field = _control(info, value)
        field.setObjectName(NAMES.get(name, f"train_{name}"))
        field.setToolTip(info.description or "")
        field.setAccessibleName(_title(name))
        field.setAccessibleDescription(info.description or "")
        title = label(_title(name))
        title.setToolTip(info.description or "")
        title.setBuddy(field)
        line = len(self._fields)
        self._grid.addWidget(title, line, 0)
        self._grid.addWidget(field, line, 1, 1, 1 if name == "epochs" else 2)
        self._fields[name], self._labels[name] = field, title
        for signal in ("currentIndexChanged", "valueChanged", "textEdited", "currentTextChanged"):
            if hasattr(field, signal):
                getattr(field, signal).connect(self._on_field_changed)

    def _on_field_changed(self, *_: object) -> None:
        self._on_visibility()
        self.changed.emit()

    def _on_more(self) -> None:
        self._shows_all = not self._shows_all
        self._on_visibility()

    def _on_visibility(self) -> None:
        if not hasattr(self, "_shows_all"):
            return
        is_gaussian = _read(self._fields["likelihood"]) == "gaussian"
        for name in self._fields:
            shown = name in FIRST or (is_gaussian if name == "sigma" else self._shows_all)
            self._fields[name].setVisible(shown)
            self._labels[name].setVisible(shown)
        kind: Any = _read(self._fields["kind"])
        has_prior = "prior" in TrainingSession.abilities(TrainConfig(kind=kind))
        for name in WITH_A_PRIOR:
            self._fields[name].setEnabled(has_prior)
        self.more.setText("Less" if self._shows_all else "More…")


def _title(name: str) -> str:
    return TrainConfig.model_fields[name].title or name


def _control(info: FieldInfo, value: object) -> QWidget:
    kind = info.annotation
    if get_origin(kind) is Literal:
        box = QComboBox()
        for choice in get_args(kind):
            box.addItem(str(choice), choice)
        control: QWidget = box
    elif get_origin(kind) in (Union, UnionType):  # words or a number
        words = [word for part in get_args(kind) if get_origin(part) is Literal for word in get_args(part)]
        box = QComboBox()
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
        control = QComboBox()
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
    return text.replace(",", ".")


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
