"""The image: as it came, as the network sees it, and its posterior q(z|x)."""

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from vae_explorer.session.records import Encoded
from vae_explorer.session.session import Session
from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.panels.image.figures_line import FiguresLine
from vae_explorer.ui.panels.image.large_photo import LargePhoto
from vae_explorer.ui.panels.image.photo_frame import PhotoFrame
from vae_explorer.ui.panels.image.picture_row import PictureRow
from vae_explorer.ui.panels.image.posterior import PosteriorSection
from vae_explorer.ui.panels.image.steps import StepSwitches
from vae_explorer.ui.panels.image.thumbnail_strip import ThumbnailStrip
from vae_explorer.ui.theme import UNIT, theme
from vae_explorer.ui.widgets.accessible import announce
from vae_explorer.ui.widgets.image_view import ImageView
from vae_explorer.ui.widgets.panel import ElidedLabel, Help, Panel, button, row, scrolling
from vae_explorer.ui.widgets.take_away import Taken, offer
from vae_explorer.ui.widgets.tips import wrapped

EMPTY = "Drop an image, paste one, or Open…"
ENCODING = "encoding…"
GREY = "x is grey: these are not log-likelihoods"
WHY_GREY = "p(x|z) is for black and white and x is grey, so these are not log-likelihoods: switch binarise on."
WHAT_TO_DO = "Set the frame on the photo: drag it, or click another figure that was found."
NATS = "nats"
HELP = Help(
    "The encoder turns x, the image as the network sees it, into a mean μ and a standard deviation σ "
    "for each dimension of z.",
    "q(z|x) = N(μ(x), diag σ²(x))",
)
PATIENCE = 300  # milliseconds: an image that is encoded sooner is not told as being encoded
SIDE = 3 * UNIT  # pixels: of the panel, left and right of what is in it
BAR = 10  # pixels at 100 %: of a scroll bar
MIN_PHOTO = 64  # pixels
PHOTO = 146, 112  # pixels at 100 %
WITH_BUTTONS = 250  # pixels at 100 %: a narrower panel leaves those of the photo to the keys and the large photo


class ImagePanel(Panel):
    """Photo and the steps of its preparation; x, reconstruction and difference; the posterior; the figures and the
    strip, which never scroll out of sight.

    Signals:
        open_asked(): files are to be chosen
    """

    open_asked = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None):
        super().__init__("Image", "x", parent, help=HELP)
        self.setObjectName("imagePanel")
        self._session, self._image = session, session.image
        self._large: LargePhoto | None = None
        self._announced: object = None  # the subject whose figures were said last
        self._clock = QTimer(self, singleShot=True, interval=PATIENCE)
        self._clock.timeout.connect(self._on_patience_ended)
        self.name = ElidedLabel(align_right=True)
        self.header.insertWidget(1, self.name, 1)
        self.header.setStretch(2, 0)

        self._make_pictures()
        self.posterior = PosteriorSection(session)
        self.line = FiguresLine(session)
        self.figures = self.line.figures
        self.remark = ElidedLabel(role="caption")
        self.remark.setObjectName("percentile")
        self.strip = ThumbnailStrip(session)
        self.strip.open_asked.connect(self.open_asked)
        self._place_parts()
        self._offer_parts()

        self._image.images_changed.connect(self._on_images_changed)
        self._image.encoded.connect(self._on_encoded)
        self._image.failed.connect(self._on_failed)
        session.evidence.changed.connect(self._on_figures_changed)
        session.typical.changed.connect(self._on_figures_changed)
        session.model.models_changed.connect(self._on_images_changed)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self._on_images_changed()

    def copy_csv(self) -> None:
        """mu, sigma and KL of every dimension, in full precision; z alone by a plain autoencoder."""
        self.posterior.copy_csv()

    def enlarge_photo(self) -> None:
        """Opens the photo large, with its frame."""
        if self._large is None:
            self._large = LargePhoto(self._session, self)
        self._large.show()
        self._large.activateWindow()
        self._large.frame.setFocus()

    # how it is made

    def _make_pictures(self) -> None:
        self.photo, self.x_view, self.reconstruction, self.difference = (ImageView() for _ in range(4))
        self.photo.setObjectName("imageDrop")
        self.photo.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for view, name in (
            (self.photo, "original"),
            (self.x_view, "x"),
            (self.reconstruction, "reconstruction"),
            (self.difference, "difference"),
        ):
            view.setAccessibleName(name)
        self.frame = PhotoFrame(self.photo, self._session)
        self.frame.enlarge_asked.connect(self.enlarge_photo)
        self.photo_buttons = self._make_photo_buttons()
        self.difference.setToolTip("Reconstruction minus x: blue is darker, red is brighter")
        self.steps = StepSwitches(after=self.more)
        self.steps.switched.connect(self._image.set_switch)
        self.steps.automatic_asked.connect(self._on_automatic)
        captions = ("x",), ("reconstruction", "recon."), ("difference", "diff.")
        views = self.x_view, self.reconstruction, self.difference
        self.pictures = PictureRow(dict(zip(views, captions, strict=True)), BAR)

    def _make_photo_buttons(self) -> QWidget:
        """What the mouse has of the frame's keys, in a column."""
        column = QWidget()
        inside = QVBoxLayout(column)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        for sign, name, does, tip in (
            ("⤢", "Enlarge the photo", self.enlarge_photo, "to set its frame exactly (double-click)"),
            ("↻", "Turn the frame by 90°", self._image.turn_frame, "clockwise (R, with the photo in focus)"),
        ):
            made = button(sign, does, f"{name}: {tip}", role="link")
            made.setAccessibleName(name)
            inside.addWidget(made)
        inside.addStretch(1)
        return column

    def _place_parts(self) -> None:
        """The scroll bar has its room in the margin, so nothing moves when it comes."""
        above = row(self.photo, self.photo_buttons, self.steps, spacing=UNIT)
        above.setStretch(0, 1)
        above.setAlignment(self.photo, Qt.AlignmentFlag.AlignTop)  # it stays where it is while steps come and go
        above.addStretch(0)
        self._top = QWidget()
        self._top.setLayout(above)
        content = QWidget()
        inside = QVBoxLayout(content)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(2 * UNIT)
        inside.addWidget(self._top)
        inside.addWidget(self.pictures)
        inside.addWidget(self.posterior, 1)
        self._area: QScrollArea = scrolling(content)
        self._area.verticalScrollBar().rangeChanged.connect(self._on_range_changed)

        margins = self.body.contentsMargins()
        self.body.setContentsMargins(0, margins.top(), 0, margins.bottom())
        for i in range(self.body.count()):  # the header
            if (item := self.body.itemAt(i)) and (part := item.layout() or item.widget()):
                part.setContentsMargins(SIDE, 0, SIDE, 0)
        self.body.addWidget(self._area, 1)
        below = QVBoxLayout()
        below.setContentsMargins(SIDE, 0, SIDE, 0)
        below.setSpacing(0)
        below.addWidget(self.line)
        below.addWidget(self.remark)
        below.addSpacing(UNIT)
        below.addWidget(self.strip)
        self.body.addLayout(below)

    def _offer_parts(self) -> None:
        away = self._session.take_away
        for view in (self.photo, self.x_view, self.reconstruction, self.difference):
            command = away.image_command if view in (self.x_view, self.reconstruction) else None
            offer(view, away, Taken(view.accessibleName(), command=command))
        posterior = Taken("posterior", data=self._image.csv, command=away.posterior_command)
        offer(self.posterior.plot, away, posterior)

    @guarded(QSize())
    def minimumSizeHint(self) -> QSize:
        """The upper part scrolls: it gives way until a quarter of it is left."""
        return QSize(min(theme.pixels(260), 300), super().minimumSizeHint().height())

    # what is shown

    def _on_images_changed(self) -> None:
        number, card = self._image.image, self._session.model.card
        is_reading = self._image.is_reading or self._session.model.is_opening
        if number is None:
            self.name.set_whole("")
            self.photo.set_picture(None)
            self.photo.set_message("reading…" if is_reading or self._image.images else EMPTY if card else None)
            self._show(None)
        else:
            picture = self._image.pictures[number]
            self.name.set_whole(f"{picture.name} · {picture.size_said}")
            self.photo.set_picture(picture.pixels)
            self.photo.set_message("reading…" if self._image.is_reading else None)
            if self._session.model.lacks("encode"):
                self._show(None)
            elif self._image.posterior is None:
                self._clock.start()
        self.posterior.plot.set_message(card.why_not("encode") if card else "")

    def _on_patience_ended(self) -> None:
        if self._image.image is not None and self._image.posterior is None:
            self.x_view.set_message(ENCODING)

    def _on_encoded(self) -> None:
        self._show(self._image.posterior)

    def _on_failed(self, sentence: str) -> None:
        self._clock.stop()
        self.x_view.set_message(sentence)
        if self._image.posterior is None:
            self.posterior.show_posterior(None)
            self.posterior.plot.set_message(sentence)

    def _show(self, encoded: Encoded | None) -> None:
        self._clock.stop()
        self.x_view.set_message(None)
        if encoded is not None:
            height, width = encoded.x.shape[1:]
            self.pictures.set_shape(height, width)
            self.x_view.setToolTip(_told(encoded))
        self.x_view.set_image(None if encoded is None else encoded.x)
        self.reconstruction.set_image(None if encoded is None else encoded.reconstruction_image)
        self.difference.set_image(
            None if encoded is None else encoded.reconstruction_image - encoded.x, "diverging", 1.0
        )
        self.steps.show_steps(encoded)
        self._name_things()
        self.posterior.show_posterior(encoded)
        self._on_figures_changed()

    def _on_automatic(self) -> None:
        self._image.set_frame(None)

    def _on_figures_changed(self) -> None:
        encoded, percentile = self._image.posterior, self._session.typical.percentile
        is_grey = encoded is not None and not encoded.is_likelihood
        doubt = encoded.doubt if encoded is not None else ""
        if doubt:
            text, tip = doubt, f"{doubt} {WHAT_TO_DO}"
        elif is_grey:
            text, tip = GREY, WHY_GREY
        elif encoded is None and self._image.image is not None and not self._session.model.lacks("encode"):
            return  # the next figures are on their way
        else:
            text = tip = NATS if encoded is not None else ""
            if percentile is not None:
                text = f"{NATS} · {_among_tests(percentile)}"
                tip = f"{_among_tests(percentile).capitalize()}, by the ELBO."
        self._set_remark(text, tip, role="warning" if is_grey or doubt else "caption")
        self._announce()

    def _set_remark(self, text: str, tip: str, *, role: str) -> None:
        if self.remark.property("role") != role:
            self.remark.setProperty("role", role)
            self.remark.style().unpolish(self.remark)
            self.remark.style().polish(self.remark)
        self.remark.set_whole(text)
        self.remark.setToolTip(wrapped(tip))

    def _announce(self) -> None:
        """Once for each image that is chosen or prepared anew, as soon as its figures are the ones that stay."""
        evidence = self._session.evidence
        encoded, figures = self._image.posterior, evidence.figures
        if encoded is None or figures is None or encoded.subject == self._announced:
            return
        if figures.draws == evidence.settings.importance_samples or not evidence.is_busy:
            self._announced = encoded.subject
            elbo = self.figures["elbo"].text()
            announce(self, "encoded" if figures.elbo is None else f"encoded, ELBO {elbo}")

    def _name_things(self) -> None:
        """Without a q(z|x) there is neither its mu nor sigma and KL."""
        is_point = self._session.model.lacks("posterior")
        self.reconstruction.setToolTip(f"The reconstruction: the mean image decoded from {'z' if is_point else 'mu'}")
        self.posterior.name_things()

    # where it is

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _on_range_changed(self) -> None:
        self._fit()

    def _on_theme_changed(self) -> None:
        self._name_things()
        width, height = (theme.pixels(side) for side in PHOTO)
        self.photo.setFixedHeight(height)
        self.photo.setMinimumWidth(MIN_PHOTO)
        self.photo.setMaximumWidth(width)
        self._fit()

    def _fit(self) -> None:
        """What is between the margins keeps its width whether or not there is a scroll bar."""
        bar, inner = self._area.verticalScrollBar(), self.contentsRect().width()
        wide = bar.sizeHint().width()
        self.photo_buttons.setVisible(inner >= theme.pixels(WITH_BUTTONS))
        right = max(SIDE, wide) - (wide if bar.maximum() > 0 else 0)
        for part in (self._top, self.posterior):
            part.setContentsMargins(SIDE, 0, max(0, right), 0)
        self.pictures.set_room(inner)
        self._area.setMinimumHeight(theme.pixels(112))


def _told(encoded: Encoded) -> str:
    """How x was made, a line for each step."""
    lines = [f"{i}. {step.title}: {step.sentence}" for i, step in enumerate(encoded.steps, 1)]
    return "\n".join(["The image as the network sees it.", *lines])


def _among_tests(percentile: float) -> str:
    if percentile < 50:
        return f"less likely than {100 - percentile:.0f} % of the test images"
    return f"likelier than {percentile:.0f} % of the test images"
