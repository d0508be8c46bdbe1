"""The rows of all dimensions: their order, which are shown, which has the focus, and typing into them."""

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget

from vae_explorer.session.session import Session
from vae_explorer.ui.panels.latent.columns import FIGURES, Columns
from vae_explorer.ui.panels.latent.latent_header import LatentHeader
from vae_explorer.ui.panels.latent.latent_row import LatentRow
from vae_explorer.ui.panels.latent.typing_in_place import TypingInPlace
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.panel import button, scrolling


class LatentList(QWidget):
    """One row for each dimension in the order of the average KL; the inactive ones are folded away.

    For the Tab key it is one stop, the slider that had the focus last; the arrow keys go from row to row.

    Signals:
        shown_changed(): other rows are shown
    """

    shown_changed = Signal()

    def __init__(self, session: Session, before: QWidget, parent: QWidget | None = None):
        """before: the control that the Tab key comes from."""
        super().__init__(parent)
        self._before = before
        self._session, self._model, self._latent = session, session.model, session.latent
        self._rows: dict[int, LatentRow] = {}
        self._lineage = 0
        self._order = np.zeros(0, int)
        self._z = np.zeros(0, np.float32)  # what the rows show
        self._limit = 3.0
        self._wanted: frozenset[int] | None = None
        self._shows_inactive = False
        self._current: LatentRow | None = None  # the one that the Tab key goes to
        self._lit: LatentRow | None = None
        self._columns = Columns()

        self.header = LatentHeader(self._columns)
        self._over = QHBoxLayout()
        self._over.addWidget(self.header)
        self._content = QWidget()
        self._lines = QVBoxLayout(self._content)
        self._lines.setSpacing(0)
        self.fold = button("", self._on_fold, "Show or hide the inactive dimensions", role="link", name="latentFold")
        self.fold.hide()
        self.scroll_area = scrolling(self._content)
        self.scroll_area.verticalScrollBar().rangeChanged.connect(self._on_range_changed)
        self._typing = TypingInPlace(self._content, self._neighbour, self._scroll_to, self)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(self._over)
        whole.addWidget(self.scroll_area, 1)

        self._model.changed.connect(self._on_model_changed)
        self._latent.refreshed.connect(self._on_refreshed)
        self._latent.changed.connect(self._on_z_changed)
        self._latent.locks_changed.connect(self._on_locks_changed)
        self._latent.pointed.connect(self._on_pointed)
        session.image.encoded.connect(self._on_figures_changed)
        session.image.images_changed.connect(self._on_figures_changed)
        session.image.images_changed.connect(self._on_sampled)
        session.posterior_samples.sampled.connect(self._on_sampled)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self._on_model_changed()

    def rows(self) -> list[LatentRow]:
        """In the order shown, those too that are not shown."""
        return [self._rows[int(j)] for j in self._order]

    def shown(self) -> list[LatentRow]:
        """In their order, those that are neither folded away nor filtered out."""
        return [line for line in self.rows() if line.isVisibleTo(self._content)]

    def set_limit(self, limit: float) -> None:
        """The sliders span −limit … +limit."""
        self._limit = limit
        self.header.set_limit(limit)
        for line in self._rows.values():
            line.slider.set_range(limit)

    def set_wanted(self, wanted: frozenset[int] | None) -> None:
        """Shows only these dimensions, inactive or not; None: all but those that are folded away."""
        self._wanted = wanted
        self._show_rows()

    # the model

    def _on_model_changed(self) -> None:
        workspace = self._model.current
        self.header.setVisible(workspace is not None)
        if workspace is None:
            return
        focused = QApplication.focusWidget()
        was_inside = focused is not None and self._content.isAncestorOf(focused)
        is_new = workspace.lineage != self._lineage
        if is_new or not (self._latent.is_gripped or np.array_equal(workspace.order, self._order)):
            self._typing.close()
            self._lineage, self._order = workspace.lineage, workspace.order
            self._build()
        self._name_columns()
        self._show_rows()
        if is_new:
            self._make_current(next(iter(self.shown()), None))
            if was_inside and self._current:  # its row may be folded or removed
                self._current.slider.setFocus()
            self.scroll_area.verticalScrollBar().setValue(0)
        self._on_z_changed()
        self._on_locks_changed()
        self._on_figures_changed()
        self._on_sampled()
        self._on_pointed()

    def _build(self) -> None:
        """New rows; widgets of the old ones are deleted, since another model has other dimensions."""
        wanted = len(self._order)
        while self._lines.count():
            self._lines.takeAt(0)
        for j in [j for j in self._rows if j >= wanted]:
            gone = self._rows.pop(j)
            self._current = None if gone is self._current else self._current
            self._lit = None if gone is self._lit else self._lit
            gone.hide()
            gone.deleteLater()
        for j in range(len(self._rows), wanted):
            self._rows[j] = self._make_row(j)
        self._z = np.full(wanted, np.nan, np.float32)
        for line in self.rows():
            self._lines.addWidget(line)
        self._lines.addWidget(self.fold, 0, Qt.AlignmentFlag.AlignLeft)
        self._lines.addStretch(1)
        previous = self._before
        for following in [*(line.slider for line in self.rows()), self.fold]:
            QWidget.setTabOrder(previous, following)
            previous = following

    def _make_row(self, j: int) -> LatentRow:
        line = LatentRow(j, self._session, self._columns, self._content)
        line.slider.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        line.slider.set_range(self._limit)
        line.focused.connect(self._on_row_focused)
        line.next_asked.connect(self._on_next_asked)
        line.edit_asked.connect(self._on_edit_asked)
        return line

    def _name_columns(self) -> None:
        card, has_posterior = self._model.card, not self._model.lacks("posterior")
        order = "index"
        if card is not None and card.kl_per_dimension is not None:
            order = "average KL"
        elif card is not None and card.statistics is not None:
            order = "variance"
        kinds = tuple(kind for kind in FIGURES if has_posterior or kind in ("mu", "mean"))
        if kinds != self._columns.kinds:
            self._columns.kinds = kinds
            for line in self._rows.values():
                line.fit()
                line.update()
        self.header.describe(card.mu if card else "μ", has_posterior=has_posterior, order=order)

    # which are shown

    def _on_fold(self) -> None:
        self._shows_inactive = not self._shows_inactive
        self._show_rows()

    def _show_rows(self) -> None:
        workspace = self._model.current
        if workspace is None or len(self._rows) != workspace.snapshot.z_dim:
            return
        inactive = workspace.snapshot.card.inactive
        collapsed = bool(inactive.all())
        folds = not (self._shows_inactive or collapsed)

        def is_shown(j: int) -> bool:
            return j in self._wanted if self._wanted is not None else not (folds and inactive[j])

        shown = [line for line in self.rows() if is_shown(line.j)]
        if self._typing.line not in shown:
            self._typing.close()
        if self._current not in shown:
            has_focus = self._current is not None and self._current.slider.hasFocus()
            self._make_current(shown[0] if shown else None)
            if has_focus and shown:
                shown[0].show()
                shown[0].slider.setFocus()
        for j, line in self._rows.items():
            line.slider.set_dimmed(bool(inactive[j]))
            line.setVisible(is_shown(j))
        count = int(inactive.sum())
        arrow = "▾" if self._shows_inactive else "▸"
        self.fold.setText(f"{arrow} {count} inactive dimension{'s'[: count != 1]}")
        self.fold.setVisible(count > 0 and not collapsed and self._wanted is None)
        self.shown_changed.emit()

    # the focus

    def _make_current(self, line: LatentRow | None) -> None:
        if line is not self._current:
            if self._current is not None:
                self._current.slider.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
            if line is not None:
                line.slider.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self._current = line

    def _on_row_focused(self) -> None:
        line = self._sender_row()
        self._make_current(line)
        self._latent.point_at(line.j)

    def _on_pointed(self) -> None:
        j = self._latent.pointed_at
        current = self._current
        if j is None and current is not None and current.slider.hasFocus() and current.j < len(self._latent.z):
            self._latent.point_at(current.j)  # the mouse is on none, so it is the one with the focus
            return
        line = None if j is None else self._rows.get(j)
        if line is not self._lit:
            if self._lit is not None:
                self._lit.set_lit(False)
            self._lit = line
            if line is not None:
                line.set_lit(True)

    def _on_next_asked(self, by: int) -> None:
        line = self._neighbour(self._sender_row(), by)
        if line is not None:
            line.slider.setFocus(Qt.FocusReason.TabFocusReason)
            self._scroll_to(line)

    def _on_edit_asked(self, typed: str) -> None:
        self._typing.start(self._sender_row(), typed)

    def _neighbour(self, line: LatentRow, by: int) -> LatentRow | None:
        """The row above (−1) or below (+1) that is shown."""
        shown = self.shown()
        at = shown.index(line) + by
        return shown[at] if 0 <= at < len(shown) else None

    def _scroll_to(self, line: LatentRow) -> None:
        self.scroll_area.ensureWidgetVisible(line, 0, 2 * UNIT)

    def _sender_row(self) -> LatentRow:
        line = self.sender()
        assert isinstance(line, LatentRow)
        return line

    # figures

    def _on_z_changed(self) -> None:
        z = self._latent.z
        if len(z) == len(self._z):
            for j in np.flatnonzero(z != self._z).tolist():
                self._rows[j].set_z(float(z[j]))
            self._z = z  # is never changed in place

    def _on_locks_changed(self) -> None:
        for j, locked in enumerate(self._latent.locked.tolist()):
            if j in self._rows and locked != self._rows[j].slider.locked:
                self._rows[j].slider.set_locked(locked)
                self._rows[j].update()
                if self._typing.line is self._rows[j]:
                    self._typing.close()

    def _on_refreshed(self) -> None:
        """Newer weights: where an image is chosen, its new posterior is under way and will be painted once."""
        workspace = self._model.current
        if workspace and not np.array_equal(workspace.order, self._order):
            self._on_model_changed()  # the order waited for a slider that was held
        elif self._session.image.posterior is None:
            self._on_figures_changed()

    def _on_figures_changed(self) -> None:
        workspace = self._model.current
        if workspace is None or len(self._rows) != workspace.snapshot.z_dim:
            return
        nothing: list[float | None] = [None] * len(self._rows)
        posterior, card = workspace.chosen, workspace.snapshot.card
        mu, sigma, here = nothing, nothing, nothing
        if posterior is not None:
            mu = posterior.mu.tolist()
            if posterior.kl_per_dimension is not None:  # else there is no q(z|x), and no sigma either
                sigma, here = posterior.sigma.tolist(), posterior.kl_per_dimension.tolist()
        mean = nothing
        if card.kl_per_dimension is not None:
            mean = card.kl_per_dimension.tolist()
        elif card.statistics is not None:
            mean = list(card.statistics.mu_variance)
        for j, line in self._rows.items():
            line.set_figures(mu[j], sigma[j], here[j], mean[j])

    def _on_sampled(self) -> None:
        samples, workspace = self._session.posterior_samples.shown, self._model.current
        fits = (
            samples is not None
            and workspace is not None
            and (samples.lineage, samples.image) == (workspace.lineage, workspace.image)
        )
        for j, line in self._rows.items():
            line.slider.set_ticks(samples.z[:, j] if fits and samples is not None else None)

    # the room

    def _gutter(self) -> int:
        return self.scroll_area.verticalScrollBar().sizeHint().width()

    def _on_range_changed(self, low: int, high: int) -> None:
        """The rows keep the room of the scroll bar free where there is none, so that it changes no column."""
        self._lines.setContentsMargins(0, 0, UNIT + (0 if high > low else self._gutter()), 0)

    def _on_theme_changed(self) -> None:
        bar = self.scroll_area.verticalScrollBar()
        self._over.setContentsMargins(0, 0, UNIT + self._gutter(), 0)
        self._on_range_changed(bar.minimum(), bar.maximum())
        for line in self._rows.values():
            line.updateGeometry()
            line.fit()
        self.header.updateGeometry()
