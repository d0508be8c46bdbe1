"""The latent point: what moves all of z, and below it a row for each dimension."""

from itertools import pairwise

from PySide6.QtCore import QEvent
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QWidget

from vae_explorer.session.session import Session
from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.panels.latent.columns import MIN_WIDTH
from vae_explorer.ui.panels.latent.dimension_filter import DimensionFilter
from vae_explorer.ui.panels.latent.latent_list import LatentList
from vae_explorer.ui.panels.latent.latent_row import LatentRow
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.flow_layout import FlowLayout
from vae_explorer.ui.widgets.panel import Help, Panel, button, label

HELP = Help(
    "z is the latent point that is decoded. A sample of q(z|x) is its mean μ plus noise ε, scaled by σ; "
    "each slider moves one dimension of z.",
    "z = μ + σ · ε, &nbsp; ε ~ N(0, I)",
)
LIMITS = (2, 3, 4, 6)  # of the sliders, in deviations of the prior
MANY = 32  # dimensions, above which they can be filtered
EMPTY = "Open a model or train one: each dimension of z gets a slider here."
COLLAPSED = (
    "Posterior collapse: no dimension of z carries information about the image, so the sliders change little. "
    "Train with a smaller β, a KL warm-up, or fewer dimensions."
)
NONE_SUCH = "This model has no dimension of these."


class LatentPanel(Panel):
    """The tools are in the header where they fit into its line, else below it in as many lines as they take."""

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__("Latent point", "z", parent, help=HELP)
        self.setObjectName("latentPanel")
        self._model, self._latent, self._image = session.model, session.latent, session.image
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
        self.filter = DimensionFilter()
        self._tools = QWidget()
        self._flow = FlowLayout(self._tools)
        self._flow.setSpacing(2 * UNIT)
        self._shown_tools: list[QWidget] = [self.random, self.to_mu, self.reset, self.limit]
        for tool in self._shown_tools:
            self._flow.addWidget(tool)
        self.filter.setParent(self._tools)
        self._are_tools_above = True
        self.header.insertWidget(1, self._tools)
        for before, after in pairwise((*self._shown_tools, self.filter)):
            QWidget.setTabOrder(before, after)

        self.hint = label(role="muted", wrap=True, name="latentHint")
        self.body.addWidget(self.hint)
        self.list = LatentList(session, before=self.filter)
        self.body.addWidget(self.list, 1)

        self.limit.currentIndexChanged.connect(self._on_limit_changed)
        self.filter.changed.connect(self._on_filter_changed)
        self.list.shown_changed.connect(self._say)
        self._model.changed.connect(self._on_model_changed)
        self._model.models_changed.connect(self._on_models_changed)
        self._image.encoded.connect(self._on_image_changed)
        self._image.images_changed.connect(self._on_image_changed)
        theme.changed.connect(self._on_theme_changed)
        self._on_model_changed()
        self._on_theme_changed()

    def rows(self) -> list[LatentRow]:
        """In the order shown, the folded ones too."""
        return self.list.rows()

    def _on_model_changed(self) -> None:
        workspace, card = self._model.current, self._model.card
        mu = card.mu if card else "μ"
        self.to_mu.setText(f"To {mu}")
        own = "own z" if self._model.lacks("posterior") else mu
        self.to_mu.setToolTip(f"Move z to the image's {own} exactly (Ctrl+M)")
        self.to_mu.setAccessibleDescription(self.to_mu.toolTip())
        for control in (self.random, self.reset, self.limit, self.filter):
            control.setEnabled(workspace is not None)
        has_many = workspace is not None and workspace.snapshot.z_dim > MANY
        if has_many != (self.filter in self._shown_tools):
            if has_many:
                self._flow.addWidget(self.filter)
                self._shown_tools.append(self.filter)
            else:
                self.filter.clear()
                self._flow.removeWidget(self.filter)
                self._shown_tools.remove(self.filter)
        self.filter.setVisible(has_many)
        self._on_image_changed()
        self._say()
        self._place_tools()

    def _on_models_changed(self) -> None:
        if self._model.current is None:
            self._say()

    def _on_image_changed(self) -> None:
        workspace = self._model.current
        self.to_mu.setEnabled(workspace is not None and workspace.chosen is not None)

    def _on_limit_changed(self) -> None:
        self.list.set_limit(self.limit.currentData())

    def _on_filter_changed(self) -> None:
        self.list.set_wanted(self.filter.wanted)

    def _say(self) -> None:
        workspace = self._model.current
        if workspace is None:
            text = "Loading the model…" if self._model.is_opening else EMPTY
        elif bool(workspace.snapshot.card.inactive.all()):
            text = COLLAPSED
        else:
            text = "" if self.list.shown() else NONE_SUCH
        self.hint.setText(text)
        self.hint.setVisible(bool(text))

    # the room

    def _place_tools(self) -> None:
        """Each tool is whole at every width and size of type: that they take another line is seen, a cut one is not."""
        height = max(self.random.sizeHint().height(), self.limit.sizeHint().height())
        self.limit.setFixedHeight(height)
        self.filter.setFixedHeight(height)
        line = sum(t.sizeHint().width() for t in self._shown_tools) + self._flow.spacing() * (
            len(self._shown_tools) - 1
        )
        margins = self.body.contentsMargins()
        width = self.contentsRect().width() - margins.left() - margins.right()
        buttons = sum(button.sizeHint().width() + UNIT for button in (self.explain, self.more))
        rest = self.header.minimumSize().width()
        if self._are_tools_above:
            rest -= self._tools.minimumWidth() + self.header.spacing()
        above = rest + self.header.spacing() + line + buttons <= width
        if above != self._are_tools_above:
            self._are_tools_above = above
            if above:
                self.body.removeWidget(self._tools)
                self.header.insertWidget(1, self._tools)
            else:
                self.header.removeWidget(self._tools)
                self.body.insertWidget(1, self._tools)
        self._tools.setMinimumWidth(line if above else 0)
        self._tools.setFixedHeight(self._flow.height_at(line if above else width))

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_tools()

    @guarded(False)
    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:  # a tool has another size, or the header another part
            self._place_tools()
        return super().event(event)

    def _on_theme_changed(self) -> None:
        margins = self.body.contentsMargins()
        around = margins.left() + margins.right() + 2 * self.frameWidth()
        gutter = self.list.scroll_area.verticalScrollBar().sizeHint().width()
        self.setMinimumWidth(theme.pixels(MIN_WIDTH) + around + gutter + UNIT)
        self.filter.setFixedWidth(theme.pixels(120))
        self._place_tools()
