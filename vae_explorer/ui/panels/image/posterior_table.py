"""q(z|x) as a table."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from vae_explorer.session.session import Session
from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.numbers import deviation, figure, z_name
from vae_explorer.ui.widgets.panel import label

WHOLE = Qt.ItemDataRole.UserRole  # of an item: its number in full precision, as text


class PosteriorTable(QDialog):
    """mu, sigma and KL of every dimension in the order of the sliders, of the chosen image while it is open. The chosen
    row points at its dimension; Ctrl+C copies the chosen rows in full precision."""

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__(parent)
        self._session = session
        self.table = QTableWidget()
        self.table.setObjectName("posteriorTable")
        self.table.setAccessibleName("q(z|x), a row for each dimension")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        inside = QVBoxLayout(self)
        inside.setContentsMargins(2 * UNIT, 2 * UNIT, 2 * UNIT, 2 * UNIT)
        inside.addWidget(self.table)
        inside.addWidget(label("Ctrl+C copies the chosen rows in full precision", role="caption"))
        self.table.currentCellChanged.connect(self._on_row_chosen)
        for fact in (session.image.encoded, session.image.images_changed, session.model.changed):
            fact.connect(self._on_changed)
        self.resize(theme.pixels(340), theme.pixels(440))

    @guarded()
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fill()

    @guarded()
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self._copy()
        else:
            super().keyPressEvent(event)

    def _on_changed(self) -> None:
        if self.isVisible():
            self._fill()

    def _fill(self) -> None:
        """Keeps the cells: a run gives new numbers twice a second."""
        image, workspace = self._session.image, self._session.model.current
        shown = image.posterior
        if workspace is None or shown is None:
            if image.image is None:
                self.table.setRowCount(0)
                self.setWindowTitle("q(z|x)")
            return
        self.setWindowTitle(f"q(z|x) of {image.pictures[shown.image].name}")
        columns = {"z": shown.mu}
        if shown.kl_per_dimension is not None:
            columns = {"μ": shown.mu, "σ": shown.sigma, "KL, nats": shown.kl_per_dimension}
        self.table.blockSignals(True)
        self.table.setColumnCount(1 + len(columns))
        self.table.setHorizontalHeaderLabels(["dimension", *columns])
        self.table.setRowCount(len(workspace.order))
        for row, j in enumerate(workspace.order.tolist()):
            self._put(row, 0, z_name(j), str(j))
            for column, (name, values) in enumerate(columns.items(), 1):
                number = float(values[j])
                text = deviation(number) if name == "σ" else figure(number, 2)
                self._put(row, column, text, str(values[j]))
        self.table.blockSignals(False)

    def _put(self, row: int, column: int, text: str, whole: str) -> None:
        item = self.table.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.table.setItem(row, column, item)
        item.setText(text)
        item.setData(WHOLE, whole)

    def _on_row_chosen(self, row: int) -> None:
        item = self.table.item(row, 0)
        self._session.latent.point_at(int(item.data(WHOLE)) if item else None)

    def _copy(self) -> None:
        """The chosen rows under their heads, separated by tabs."""
        rows = sorted({index.row() for index in self.table.selectedIndexes()}) or range(self.table.rowCount())
        columns = range(self.table.columnCount())
        heads = [self.table.horizontalHeaderItem(column) for column in columns]
        lines = [[head.text() for head in heads if head]]
        for row in rows:
            items = [self.table.item(row, column) for column in columns]
            lines.append([str(item.data(WHOLE)) for item in items if item])
        QGuiApplication.clipboard().setText("\n".join("\t".join(line) for line in lines))
