"""The image: as it came, as the network sees it, and its posterior q(z|x)."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QGridLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from vae_explorer.session.records import Encoded
from vae_explorer.session.session import Session
from vae_explorer.session.views.evidence import ImageFigures
from vae_explorer.ui.panels.image.thumbnail_strip import ThumbnailStrip
from vae_explorer.ui.plots.posterior_plot import PosteriorPlot
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.flow_layout import FlowBox
from vae_explorer.ui.widgets.image_view import ImageView
from vae_explorer.ui.widgets.numbers import figure
from vae_explorer.ui.widgets.panel import ElidedLabel, Help, Panel, button, label, row, scrolling
from vae_explorer.ui.widgets.take_away import Taken, offer
from vae_explorer.ui.widgets.vector_field import VectorField

EMPTY = "Drop an image here, paste one, or choose Open… to see its posterior."
HELP = Help(
    "The encoder turns x, the image as the network sees it, into a distribution over z: "
    "for each dimension a mean μ and a standard deviation σ.",
    "q(z|x) = N(μ(x), diag σ²(x))",
)
WORDS = {  # of the figures: their names, and what they are
    "reconstruction": ("reconstruction", "E[log p(x|z)] over z ~ q(z|x), in nats"),
    "kl": ("KL(q ∥ p)", "KL(q(z|x) ‖ N(0, I)): how far the posterior is from the prior, in nats"),
    "elbo": ("ELBO", "reconstruction − KL: a lower bound of log p(x), in nats"),
    "gap": (
        "gap KL(q ∥ p(z|x))",
        "log p(x) − ELBO = KL(q(z|x) ‖ p(z|x)): how far q is from the true posterior, in nats",
    ),
    "log_evidence": (
        "log p(x)",
        "The log evidence of this image, by importance sampling with q(z|x), ± its error, in nats",
    ),
}
NO_ELBO = ("log p(x|z)", "How well the image is reconstructed: log p(x|z) at its single z, in nats. There is no ELBO.")
NOT_A_LIKELIHOOD = "x is grey but this model's likelihood is for black and white: these are not log-likelihoods."


class ImagePanel(Panel):
    """Photo, x, reconstruction and difference; the steps of the preparation; mu and sigma; the parts of log p(x)."""

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__("Image", "x", parent, help=HELP)
        self.setObjectName("imagePanel")
        self._session, self._image = session, session.image
        self._shown: Encoded | None = None
        self.name = ElidedLabel(align_right=True)
        self.header.takeAt(1)
        self.header.addWidget(self.name, 1)

        content = QWidget()
        inside = QVBoxLayout(content)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(UNIT)
        self.body.addWidget(scrolling(content), 1)

        inside.addLayout(self._make_pictures())
        self._chips = FlowBox()
        inside.addWidget(self._chips)

        self.copy = button("Copy", self.copy_csv, "", role="link", name="copyCsv")
        self._posterior_title = label(role="title", name="posteriorTitle")
        title = row(self._posterior_title)
        title.addStretch(1)
        title.addWidget(self.copy)
        inside.addLayout(title)
        self.plot = PosteriorPlot()
        self.plot.setObjectName("posteriorPlot")
        posterior = Taken("posterior", data=self._image.csv, command=session.take_away.posterior_command)
        offer(self.plot, session.take_away, posterior)
        inside.addWidget(self.plot, 1)
        inside.addLayout(self._make_vectors())
        inside.addLayout(self._make_figures())
        self.note = label(role="warning", wrap=True, name="likelihoodNote")
        self.typical = ElidedLabel(role="caption")  # a wrapped one would make the plot keep its usual height
        self.typical.setObjectName("percentile")
        inside.addWidget(self.typical)
        inside.addWidget(self.note)
        self.strip = ThumbnailStrip(session)
        self.body.addWidget(self.strip)

        self._image.images_changed.connect(self._on_images_changed)
        self._image.encoded.connect(self._on_encoded)
        self._image.failed.connect(self.x_view.set_message)
        session.evidence.changed.connect(self._on_evidence_changed)
        session.model.models_changed.connect(self._on_images_changed)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self._on_images_changed()

    def _make_pictures(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(UNIT)
        self.photo, self.x_view, self.reconstruction, self.difference = (ImageView() for _ in range(4))
        self.photo.setObjectName("imageDrop")
        views = (
            (self.photo, "original", "The original image; drop another one anywhere"),
            (self.x_view, "x", "The image as the network sees it"),
            (self.reconstruction, "recon.", ""),
            (self.difference, "difference", "Reconstruction minus x: blue is darker, red is brighter"),
        )
        away, names = self._session.take_away, ("original", "x", "reconstruction", "difference")
        for (view, _, _), what in zip(views, names, strict=True):
            command = away.image_command if what in ("x", "reconstruction") else None
            offer(view, away, Taken(what, command=command))
        self.captions = []
        for column, (view, text, tip) in enumerate(views):
            view.setToolTip(tip)
            view.setAccessibleName(text)
            caption = label(text, role="caption")
            caption.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            caption.setAlignment(Qt.AlignmentFlag.AlignCenter)
            self.captions.append(caption)
            grid.addWidget(view, 0, column)
            grid.addWidget(caption, 1, column)
            grid.setColumnStretch(column, 1)
        return grid

    def _make_vectors(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(UNIT)
        grid.setVerticalSpacing(UNIT)
        self.mu, self.sigma = VectorField("mu", signed=True), VectorField("sigma", signed=False)
        self.mu.setObjectName("encodeMu")
        self.sigma.setObjectName("encodeSigma")
        self.sigma.setToolTip("sigma of every dimension, in the order of their index: z0, z1, …")
        self._mu_symbol, self._sigma_symbol = label("μ", role="mu"), label("σ", role="sigma")
        for column, (symbol, field) in enumerate(((self._mu_symbol, self.mu), (self._sigma_symbol, self.sigma))):
            grid.addWidget(symbol, 0, 2 * column)
            grid.addWidget(field, 0, 2 * column + 1)
            grid.setColumnStretch(2 * column + 1, 1)
        return grid

    def _make_figures(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setVerticalSpacing(UNIT // 2)
        self.figures, self._names = {}, {}
        for line, (key, (text, tip)) in enumerate(WORDS.items()):
            name, value = label(text), label("–", role=key, name=f"figure_{key}")
            value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            for part in (name, value):
                part.setToolTip(tip)
            name.setMinimumWidth(1)  # gives way before the figure does
            grid.addWidget(name, line, 0)
            grid.addWidget(value, line, 1)
            self.figures[key], self._names[key] = value, name
        return grid

    def copy_csv(self) -> None:
        """mu, sigma and KL of every dimension, in full precision; z alone by a plain autoencoder."""
        if text := self._image.csv():
            QGuiApplication.clipboard().setText(text)

    def _on_images_changed(self) -> None:
        number = self._image.image
        if number is None:
            self._show(None)
            self.name.set_whole("")
            self.photo.set_picture(None)
            reading = self._image.is_reading or self._session.model.is_opening or bool(self._image.images)
            card = self._session.model.card
            self.photo.set_message("…" if reading else None)
            self._say((card.why_not("encode") or EMPTY) if card and not reading else "")
            return
        picture = self._image.pictures[number]
        width, height = picture.file_size
        self.name.set_whole(f"{picture.name} · {width} × {height}")
        self.photo.set_message("reading…" if self._image.is_reading else None)
        self.photo.set_picture(picture.pixels)
        if self._session.model.lacks("encode"):
            self._show(None)
            self._say(self._session.model.card.why_not("encode") if self._session.model.card else "")
        elif self._image.posterior is None:
            self.plot.clear()
            self._shown = None

    def _on_encoded(self) -> None:
        self._show(self._image.posterior)

    def _show(self, encoded: Encoded | None) -> None:
        before, self._shown = self._shown, encoded
        self.x_view.set_message(None)
        self.x_view.set_image(None if encoded is None else encoded.x)
        self.reconstruction.set_image(None if encoded is None else encoded.reconstruction_image)
        self.difference.set_image(
            None if encoded is None else encoded.reconstruction_image - encoded.x, "diverging", 1.0
        )
        self.mu.set_value(None if encoded is None else encoded.mu)
        has_sigma = not self._session.model.lacks("posterior")
        self.sigma.set_value(encoded.sigma if encoded and has_sigma else None)
        self._name_things()
        workspace = self._session.model.current
        if encoded is None or workspace is None:
            self.plot.clear()
            for value in self.figures.values():
                value.setText("–")
            self._chips.set_widgets([])
            self.typical.hide()
            return
        self.plot.set_posterior(encoded.mu, encoded.sigma, encoded.kl_per_dimension, workspace.order)
        self._show_figures()
        self._say("" if encoded.is_likelihood else NOT_A_LIKELIHOOD)
        height, width = encoded.x.shape[1:]
        self.captions[1].setText(f"x, {width} × {height}")
        if before is None or _states(before) != _states(encoded):
            self._make_chips(encoded)

    def _show_figures(self) -> None:
        encoded, figures = self._shown, self._session.evidence.figures
        if encoded is None or figures is None:
            return
        has_elbo = not self._session.model.lacks("elbo")
        name, tip = WORDS["reconstruction"] if has_elbo else NO_ELBO
        self._names["reconstruction"].setText(name)
        draws = "" if figures.draws is None else f" From {figures.draws:,} draws of z."
        for key, value in self.figures.items():
            doubt = figures.doubt if key in ("gap", "log_evidence") else ""
            value.setText(_in_nats(key, figures, is_doubtful=bool(doubt)))
            shown = has_elbo or (key == "reconstruction" and figures.reconstruction is not None)
            value.setVisible(shown)
            self._names[key].setVisible(shown)
            what = f"{tip if key == 'reconstruction' else WORDS[key][1]}.{draws}"
            for part in (value, self._names[key]):
                part.setToolTip(f"{what} {doubt}" if doubt else what)
        percentile = self._session.typical.percentile
        self.typical.setVisible(percentile is not None)
        if percentile is not None:
            self.typical.set_whole(_among_tests(percentile))

    def _on_evidence_changed(self) -> None:
        if self._shown is not None:
            self._show_figures()

    def _name_things(self) -> None:
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
        self._mu_symbol.setText(card.mu if card else "μ")
        self.reconstruction.setToolTip(f"The reconstruction: the mean image decoded from {'z' if is_point else 'mu'}")
        self.mu.setAccessibleName("z" if is_point else "mu")
        self.mu.setToolTip(f"{'z' if is_point else 'mu'} of every dimension, in the order of their index: z0, z1, …")
        for part in (self._sigma_symbol, self.sigma):
            part.setVisible(not is_point)
        self._posterior_title.setText(
            f"<span style='color:{colours.mu}'>z</span> of the image: no q(z|x), no σ"
            if is_point
            else f"Posterior q(z|x): <span style='color:{colours.mu}'>μ</span> ± "
            f"<span style='color:{colours.sigma}'>σ</span>"
        )

    def _say(self, text: str) -> None:
        self.note.setText(text)
        self.note.setVisible(bool(text))

    def _make_chips(self, encoded: Encoded) -> None:
        """One switch for each step of the preparation; the fixed ones cannot be switched."""
        chips = []
        for step in encoded.steps:
            chip = QPushButton(f"✓ {step.title}" if step.on else step.title)
            chip.setProperty("role", "chip")
            chip.setObjectName(f"step_{step.name}")
            chip.setCheckable(not step.fixed)
            chip.setChecked(step.on and not step.fixed)
            chip.setAutoDefault(False)
            chip.setEnabled(not step.fixed)
            chip.setToolTip(step.sentence)
            chip.setAccessibleDescription(step.sentence)
            chip.clicked.connect(self._on_chip)
            chips.append(chip)
        self._chips.set_widgets(chips)

    def _on_chip(self) -> None:
        chip = self.sender()
        if isinstance(chip, QPushButton):
            self._image.set_switch(chip.objectName().removeprefix("step_"), chip.isChecked())

    def _on_theme_changed(self) -> None:
        self.setMinimumWidth(theme.pixels(278))
        self._name_things()
        for view in (self.photo, self.x_view, self.reconstruction, self.difference):
            view.setFixedHeight(theme.pixels(62))
            view.setMinimumWidth(theme.pixels(40))
        self.plot.setMinimumHeight(theme.pixels(50))


def _states(encoded: Encoded) -> list[tuple[str, bool, str]]:
    return [(step.name, step.on, step.sentence) for step in encoded.steps]


def _among_tests(percentile: float) -> str:
    if percentile < 50:
        return f"Less likely than {100 - percentile:.0f} % of the test images."
    return f"More likely than {percentile:.0f} % of the test images."


def _in_nats(key: str, figures: ImageFigures, *, is_doubtful: bool) -> str:
    nats = getattr(figures, key)
    if nats is None:
        return "–"
    if is_doubtful:  # its ± would say that the rest is known
        return f"≈ {figure(nats, 1)}"
    if key == "log_evidence" and figures.standard_error is not None:
        return f"{figure(nats, 1)} ± {figure(figures.standard_error, 1 if figures.standard_error >= 0.1 else 2)}"
    return f"{figure(nats, 1)}{' nats' if key == 'elbo' else ''}"
