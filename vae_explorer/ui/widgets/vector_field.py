"""One number of a vector, and the whole vector for whoever asks."""

import numpy as np
from PySide6.QtCore import Property
from PySide6.QtWidgets import QLabel, QWidget

from vae_explorer.ui.widgets.numbers import deviation, figure

EMPTY = np.zeros(0, np.float32)


class VectorField(QLabel):
    """Shows one element of float [z] after its symbol; `value` is the vector in full precision."""

    def __init__(self, symbol: str, *, role: str, parent: QWidget | None = None):
        """role: mu or sigma; a sigma never reads 0.00."""
        super().__init__(parent)
        self._vector, self._at, self._symbol, self._is_sigma = EMPTY, 0, symbol, role == "sigma"
        self.setProperty("role", role)

    def set_symbol(self, symbol: str) -> None:
        self._symbol = symbol
        self._write()

    def show_at(self, index: int) -> None:
        """Shows this element; nothing where there is none."""
        self._at = index
        self._write()

    def _get_value(self) -> np.ndarray:
        return self._vector

    def set_value(self, vector: np.ndarray | None) -> None:
        self._vector = EMPTY if vector is None else vector
        self._write()

    value = Property(object, _get_value, set_value)

    def _write(self) -> None:
        text = ""
        if 0 <= self._at < len(self._vector):
            number = float(self._vector[self._at])
            text = f"{self._symbol} {deviation(number).rstrip() if self._is_sigma else figure(number, 2)}"
        self.setText(text)
