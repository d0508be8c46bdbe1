"""q(z|x) of the chosen image: the plot of all dimensions, the numbers of one, and all of them on demand."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QFontMetricsF, QGuiApplication
from PySide6.QtWidgets import QVBoxLayout, QWidget

from vae_explorer.session.records import Encoded
from vae_explorer.session.session import Session
from vae_explorer.ui.panels.image.posterior_table import PosteriorTable
from vae_explorer.ui.plots.posterior_plot import PosteriorPlot
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.flow_layout import FlowBox
from vae_explorer.ui.widgets.numbers import z_name
from vae_explorer.ui.widgets.panel import button, label
from vae_explorer.ui.widgets.vector_field import VectorField

LONGEST = ("z₀₀", "μ −0.00", "σ 0.0000")  # of the readout


class PosteriorSection(QWidget):
    """The plot and the rows of z are linked: a dimension that the user points at in one lights up in both, and its
    numbers stay below the plot until the next.

    Signals:
        copied(what: str): to the clipboard
    """

    copied = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__(parent)
        self._session, self._image, self._latent = session, session.image, session.latent
        self._at = -1  # the dimension of the readout
        self._table: PosteriorTable | None = None  # made when it is asked for
        self._heading = FlowBox()
        self.tag = label("encoder ▾", role="tag")
        self.title = label(role="title", name="posteriorTitle")
        self.symbol, self.formula = label(), label(name="posteriorFormula")
        self._heading.set_widgets([self.tag, self.title, self.symbol, self.formula])

        self.plot = PosteriorPlot()
        self.plot.setObjectName("posteriorPlot")
        self.plot.tells = False  # the line below does
        self.plot.dimension_pointed.connect(self._on_dimension_pointed)

        self.mu, self.sigma = VectorField("μ", role="mu"), VectorField("σ", role="sigma")
        self.mu.setObjectName("encodeMu")
        self.sigma.setObjectName("encodeSigma")
        self.dimension = label(role="readout")
        self.table_link = button("Table", self.show_table, "All dimensions in a table", role="link", name="showTable")
        self.copy = button("Copy", self.copy_csv, "", role="link", name="copyCsv")
        self._foot = FlowBox(left=3)
        self._foot.set_widgets([self.dimension, self.mu, self.sigma, self.table_link, self.copy])

        inside = QVBoxLayout(self)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(UNIT)
        inside.addWidget(self._heading)
        inside.addWidget(self.plot, 1)
        inside.addWidget(self._foot)
        self._latent.pointed.connect(self._on_pointed)

    def show_posterior(self, encoded: Encoded | None) -> None:
        """None: there is no image, or it cannot be encoded."""
        workspace = self._session.model.current
        has_sigma = not self._session.model.lacks("posterior")
        self.mu.set_value(None if encoded is None else encoded.mu)
        self.sigma.set_value(encoded.sigma if encoded and has_sigma else None)
        if encoded is None or workspace is None:
            self.plot.clear()
        else:
            inactive = workspace.snapshot.card.inactive
            self.plot.set_posterior(encoded.mu, encoded.sigma, encoded.kl_per_dimension, workspace.order, inactive)
            self.plot.point_at(-1 if self._latent.pointed_at is None else self._latent.pointed_at)
            if not 0 <= self._at < len(encoded.mu):
                self._tell(int(workspace.order[0]))
        self.table_link.setEnabled(encoded is not None)
        self.copy.setEnabled(encoded is not None)
        self.dimension.setVisible(encoded is not None)

    def copy_csv(self) -> None:
        """mu, sigma and KL of every dimension, in full precision; z alone by a plain autoencoder."""
        if text := self._image.csv():
            QGuiApplication.clipboard().setText(text)
            self.copied.emit("the posterior")

    def show_table(self) -> None:
        """All dimensions, in a window of their own."""
        if self._table is None:
            self._table = PosteriorTable(self._session, self)
        self._table.show()
        self._table.raise_()
        self._table.activateWindow()

    def name_things(self) -> None:
        """Without a q(z|x) there is neither its mu nor sigma and KL."""
        colours, card = theme.colours, self._session.model.card
        is_point = self._session.model.lacks("posterior")
        what = "z" if is_point else "mu, sigma and KL"
        self.copy.setToolTip(f"Copy {what} of every dimension as CSV (Ctrl+Shift+C)")
        self.copy.setAccessibleDescription(self.copy.toolTip())
        self.plot.setAccessibleName(f"{'z' if is_point else 'Posterior: mu and sigma'} of every dimension")
        self.plot.setToolTip(
            "Dot: z. Grey band: N(0, 1). Point at a dot for its number."
            if is_point
            else "Dot: mu. Bar: ± sigma. Grey band: the prior N(0, 1). Point at a bar for its numbers."
        )
        self.mu.set_symbol(card.mu if card else "μ")
        self.mu.setToolTip(f"{'z' if is_point else 'mu'} of the dimension that is pointed at")
        self.sigma.setToolTip("sigma of the dimension that is pointed at")
        self.sigma.setVisible(not is_point)
        self.title.setText("z" if is_point else "Posterior")
        self.symbol.setText("of the image," if is_point else "<i>q(z|x)</i>")
        self.formula.setText(
            "no q(z|x), no σ"
            if is_point
            else f"<i><span style='color:{colours.mu}'>μ</span> ± <span style='color:{colours.sigma}'>σ</span></i>"
        )
        self._fit()

    def _fit(self) -> None:
        """Nothing moves with the numbers: the readout is as wide as the longest."""
        self.plot.setMinimumSize(1, theme.pixels(72))
        metrics, height = QFontMetricsF(theme.font(italic=True)), self.copy.sizeHint().height()
        for part, text in zip((self.dimension, self.mu, self.sigma), LONGEST, strict=True):
            part.setFixedSize(round(metrics.horizontalAdvance(text)) + 2, height)

    def _tell(self, j: int) -> None:
        self._at = j
        self.dimension.setText(z_name(j))
        self.mu.show_at(j)
        self.sigma.show_at(j)

    def _on_dimension_pointed(self, j: int) -> None:
        self._latent.point_at(None if j < 0 else j)

    def _on_pointed(self) -> None:
        j = self._latent.pointed_at
        self.plot.point_at(-1 if j is None else j)
        if j is not None:
            self._tell(j)
