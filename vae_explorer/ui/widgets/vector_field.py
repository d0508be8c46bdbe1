"""A vector as numbers, in one line that can be scrolled, selected and copied."""

import numpy as np
from PySide6.QtCore import Property, QSize
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QWidget

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.numbers import figure

EMPTY = np.zeros(0, np.float32)


class VectorField(QLineEdit):
    """Shows float [z] with two decimals in the order of the indices; `value` is it in full precision."""

    def __init__(self, name: str, *, signed: bool, parent: QWidget | None = None):
        super().__init__(parent)
        self._vector, self._signed = EMPTY, signed
        self.setReadOnly(True)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def _get_value(self) -> np.ndarray:
        return self._vector

    def set_value(self, vector: np.ndarray | None) -> None:
        self._vector = EMPTY if vector is None else vector
        self.setText("  ".join(figure(float(value), 2, sign=self._signed) for value in self._vector))
        self.setCursorPosition(0)

    value = Property(object, _get_value, set_value)

    @guarded(QSize())
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.pixels(60), super().minimumSizeHint().height())
