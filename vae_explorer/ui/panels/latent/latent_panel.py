"""The sliders of z."""

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QComboBox, QMenu, QVBoxLayout, QWidget

from vae_explorer.session.session import Session
from vae_explorer.ui.panels.latent.latent_row import LatentHeader, LatentRow
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.numbers import z_name
from vae_explorer.ui.widgets.panel import Help, Panel, button, label, row, scrolling

HELP = Help(
    "z is the latent point that is decoded. A sample of q(z|x) is its mean μ plus noise ε, scaled by σ; "
    "each slider moves one dimension of z.",
    "z = μ + σ · ε, &nbsp; ε ~ N(0, I)",
)
LIMITS = (2, 3, 4, 6)  # of the sliders, in deviations of the prior
EMPTY = "Open a model or train one: each dimension of z gets a slider here."
COLLAPSED = (
    "Posterior collapse: no dimension of z carries information about the image, so the sliders change little. "
    "Train with a smaller β, a KL warm-up, or fewer dimensions."
)


class LatentPanel(Panel):
    """One row for each dimension in the order of the average KL; the inactive ones are folded away."""

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__("Latent point", "z", parent, help=HELP)
        self.setObjectName("latentPanel")
        self._session, self._model, self._latent = session, session.model, session.latent
        self._rows: dict[int, LatentRow] = {}
        self._lineage = 0
        self._order = np.zeros(0, int)
        self.order = label(role="muted")
        self.header.addWidget(self.order)

        self.random = button(
            "Random z", self._latent.random, "Draw z from the prior N(0, I) (Ctrl+R)", name="latentRandom"
        )
        self.to_mu = button("", self._latent.to_mu, "", name="latentToMu")
        self.reset = button(
            "To 0", self._latent.to_zero, "Move z to 0, the middle of the prior (Ctrl+Backspace)", name="latentReset"
        )
        self.limit = QComboBox()
        self.limit.setObjectName("latentLimit")
        self.limit.setToolTip("Range of the sliders; a value outside it extends its own slider")
        self.limit.setAccessibleName("Range of the sliders")
        for limit in LIMITS:
            self.limit.addItem(f"± {limit}", limit)
        self.limit.setCurrentIndex(LIMITS.index(3))
        self.limit.currentIndexChanged.connect(self._on_limit_changed)
        tools = row(self.random, self.to_mu, self.reset)
        tools.addStretch(1)
        tools.addWidget(self.limit)
        self.body.addLayout(tools)

        self.hint = label(role="muted", wrap=True, name="latentHint")
        self.columns = LatentHeader()
        self.body.addWidget(self.hint)
        self.body.addWidget(self.columns)
        self._list = QWidget()
        self._lines = QVBoxLayout(self._list)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setSpacing(0)
        self.fold = button("", self._on_fold, "Show or hide the inactive dimensions", role="link")
        self.fold.setObjectName("latentFold")
        self.scroll_area = scrolling(self._list)
        self.body.addWidget(self.scroll_area, 1)
        self._shows_inactive = False

        self._model.changed.connect(self._on_model_changed)
        self._model.models_changed.connect(self._on_models_changed)
        self._latent.refreshed.connect(self._on_refreshed)
        self._latent.changed.connect(self._on_z_changed)
        self._latent.locks_changed.connect(self._on_locks_changed)
        session.image.encoded.connect(self._on_posterior_changed)
        session.image.images_changed.connect(self._on_posterior_changed)
        session.image.images_changed.connect(self._on_sampled)
        session.posterior_samples.sampled.connect(self._on_sampled)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self._on_model_changed()

    def rows(self) -> list[LatentRow]:
        """In the order shown, the folded ones too."""
        return [self._rows[int(j)] for j in self._order]

    def _on_model_changed(self) -> None:
        workspace = self._model.current
        self._name_things()
        for control in (self.random, self.reset, self.limit, self.columns):
            control.setEnabled(workspace is not None)
        if workspace is None:
            self._on_models_changed()
            self.columns.hide()
            return
        is_new, focused = workspace.lineage != self._lineage, QApplication.focusWidget()
        if is_new or not (self._latent.is_gripped or np.array_equal(workspace.order, self._order)):
            self._lineage, self._order = workspace.lineage, workspace.order
            self._build()
        self._fold()
        if is_new:
            if focused is not None and self._list.isAncestorOf(focused):  # its row may be folded or removed
                self.rows()[0].slider.setFocus()
            self.scroll_area.verticalScrollBar().setValue(0)
        self._on_z_changed()
        self._on_locks_changed()
        self._on_posterior_changed()
        self._on_sampled()

    def _name_things(self) -> None:
        card = self._model.card
        mu = card.mu if card else "μ"
        self.columns.set_mu(mu, has_sigma=not self._model.lacks("posterior"))
        self.to_mu.setText(f"To {mu}")
        own = "own z" if self._model.lacks("posterior") else mu
        self.to_mu.setToolTip(f"Move z to the image's {own} exactly (Ctrl+M)")
        self.to_mu.setAccessibleDescription(self.to_mu.toolTip())

    def _build(self) -> None:
        """New rows; widgets of the old ones are deleted, since another model has other dimensions."""
        wanted = len(self._order)
        while self._lines.count():
            self._lines.takeAt(0)
        for j in [j for j in self._rows if j >= wanted]:
            gone = self._rows.pop(j)
            gone.hide()
            gone.deleteLater()
        for j in range(len(self._rows), wanted):
            self._rows[j] = self._make_row(j)
        previous = None
        for line in self.rows():
            self._lines.addWidget(line)
            if previous is not None:
                QWidget.setTabOrder(previous, line.slider)
            previous = line.slider
        self._lines.addWidget(self.fold, 0, Qt.AlignmentFlag.AlignLeft)
        self._lines.addStretch(1)
        card = self._model.card
        has_kl = card is not None and card.kl_per_dimension is not None
        has_variance = card is not None and card.statistics is not None
        self.order.setText(f"order: {'average KL' if has_kl else 'variance' if has_variance else 'index'}")

    def _make_row(self, j: int) -> LatentRow:
        line = LatentRow(j, self._list)
        line.slider.set_range(self.limit.currentData())
        line.slider.gripped.connect(self._latent.grip)
        line.slider.moved.connect(self._on_slider_moved)
        line.slider.released.connect(self._on_slider_released)
        line.slider.taken_back.connect(self._session.undo.undo)
        line.slider.next_asked.connect(self._on_next_asked)
        line.slider.menu_asked.connect(self._on_menu_asked)
        return line

    def _on_slider_moved(self, value: float) -> None:
        self._latent.set_value(self._sender_row().j, value)

    def _on_slider_released(self) -> None:
        self._latent.release(f"Move {z_name(self._sender_row().j)}")

    def _on_next_asked(self, by: int) -> None:
        visible = [line for line in self.rows() if line.isVisibleTo(self._list)]
        at = visible.index(self._sender_row()) + by
        if 0 <= at < len(visible):
            visible[at].slider.setFocus(Qt.FocusReason.TabFocusReason)
            self.scroll_area.ensureWidgetVisible(visible[at], 0, 2 * UNIT)

    def _on_menu_asked(self, place: QPoint) -> None:
        line = self._sender_row()
        posterior = self._session.image.posterior
        menu = QMenu(self)
        lock = menu.addAction(f"Lock {z_name(line.j)}")
        lock.setCheckable(True)
        lock.setChecked(bool(self._latent.locked[line.j]))
        reset = menu.addAction("Reset to 0")
        to_mu = menu.addAction(self.to_mu.text())
        to_mu.setEnabled(posterior is not None)
        chosen = menu.exec(place)
        menu.deleteLater()
        if chosen is lock:
            self._latent.set_locked(line.j, not self._latent.locked[line.j])
        elif chosen is reset:
            self._move(line.j, 0.0)
        elif chosen is to_mu and posterior is not None:
            self._move(line.j, float(posterior.mu[line.j]))

    def _move(self, j: int, value: float) -> None:
        self._latent.grip()
        self._latent.set_value(j, value)
        self._latent.release(f"Move {z_name(j)}")

    def _sender_row(self) -> LatentRow:
        line = self.sender().parent()
        assert isinstance(line, LatentRow)
        return line

    def _on_z_changed(self) -> None:
        for j, value in enumerate(self._latent.z):
            if j in self._rows:
                self._rows[j].set_z(float(value))

    def _on_locks_changed(self) -> None:
        for j, locked in enumerate(self._latent.locked):
            if j in self._rows:
                self._rows[j].slider.set_locked(bool(locked))
                self._rows[j].update()

    def _on_refreshed(self) -> None:
        """Newer weights: where an image is chosen, its new posterior is under way and will be painted once."""
        workspace = self._model.current
        if workspace and not np.array_equal(workspace.order, self._order):
            self._on_model_changed()  # the order waited for a slider that was held
        elif self._session.image.posterior is None:
            self._on_posterior_changed()

    def _on_posterior_changed(self) -> None:
        workspace = self._model.current
        if workspace is None or len(self._rows) != workspace.snapshot.z_dim:
            return
        posterior, average = workspace.chosen, workspace.snapshot.card.kl_per_dimension
        self.to_mu.setEnabled(posterior is not None)
        for j, line in self._rows.items():
            if posterior is None:
                line.set_posterior(None, None)
                line.set_kl(None if average is None else float(average[j]))
            else:
                nats = posterior.kl_per_dimension  # None: there is no q(z|x), and no sigma either
                line.set_posterior(float(posterior.mu[j]), None if nats is None else float(posterior.sigma[j]))
                line.set_kl(None if nats is None else float(nats[j]))

    def _on_sampled(self) -> None:
        samples, workspace = self._session.posterior_samples.shown, self._model.current
        fits = (
            samples is not None
            and workspace is not None
            and (samples.lineage, samples.image) == (workspace.lineage, workspace.image)
        )
        for j, line in self._rows.items():
            line.slider.set_ticks(samples.z[:, j] if fits and samples is not None else None)

    def _on_limit_changed(self) -> None:
        for line in self._rows.values():
            line.slider.set_range(self.limit.currentData())

    def _on_fold(self) -> None:
        self._shows_inactive = not self._shows_inactive
        self._fold()

    def _fold(self) -> None:
        workspace = self._model.current
        if workspace is None:
            return
        inactive = workspace.snapshot.card.inactive
        collapsed = bool(inactive.all())
        for j, line in self._rows.items():
            line.slider.set_dimmed(bool(inactive[j]))
            line.setVisible(self._shows_inactive or collapsed or not inactive[j])
        count = int(inactive.sum())
        arrow = "▾" if self._shows_inactive else "▸"
        self.fold.setText(f"{arrow} {count} inactive dimension{'s'[: count != 1]}")
        self.fold.setVisible(count > 0 and not collapsed)
        self.hint.setVisible(collapsed)
        self.hint.setText(COLLAPSED if collapsed else "")
        self.columns.show()

    def _on_models_changed(self) -> None:
        if self._model.current is None:
            self.hint.setText("Loading the model…" if self._model.is_opening else EMPTY)
            self.hint.show()
            self.to_mu.setEnabled(False)

    def _on_theme_changed(self) -> None:
        self.setMinimumWidth(theme.pixels(328))
        for line in self._rows.values():
            line.updateGeometry()
