"""The figures of the chosen image in one line: reconstruction − KL = ELBO, + gap = log p(x)."""

from typing import NamedTuple

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetricsF, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from vae_explorer.session.session import Session
from vae_explorer.session.threads.guard import guarded
from vae_explorer.session.views.evidence import UNDER_WAY, ImageFigures
from vae_explorer.ui.theme import SMALL, UNIT, theme
from vae_explorer.ui.widgets.numbers import figure
from vae_explorer.ui.widgets.panel import label

UNKNOWN = "–"
ENCODING = "The image is being encoded."
LATE = "By an earlier snapshot of the run."
MIN_WORD = 0.64  # of the type at 100 %: smaller words are left out, their tooltips stay
MIN_NUMBER = 0.3  # of the usual type
MAX_GAP = 24  # pixels at 100 % that an operator is widened by where there is room


class Term(NamedTuple):
    words: tuple[str, ...]  # under the number, the longest first
    tip: str
    room: str  # as wide as the number usually is
    operator: str  # before it


TERMS = {
    "reconstruction": Term(
        ("reconstruction", "recon."), "reconstruction: E[log p(x|z)] over z ~ q(z|x)", "−00.0", ""
    ),
    "kl": Term(("KL",), "KL(q(z|x) ‖ N(0, I)): how far the posterior is from the prior", "00.0", "−"),
    "elbo": Term(("ELBO",), "ELBO: reconstruction − KL, a lower bound of log p(x)", "−00.0", "="),
    "gap": Term(("gap",), "gap: log p(x) − ELBO = KL(q(z|x) ‖ p(z|x)), how far q is from the posterior", "0.0", "+"),
    "log_evidence": Term(
        ("log p(x)",), "log p(x): the log evidence of this image, by importance sampling with q(z|x)", "−00.0", "="
    ),
}  # fmt: skip
OF_THE_EVIDENCE = ("gap", "log_evidence")
NO_ELBO = Term(
    ("log p(x|z)",), "log p(x|z) at the image's single z: how well it is reconstructed. There is no ELBO", "−00.0", ""
)


class FiguresLine(QWidget):
    """Five numbers in nats over their words, joined by operators. Neither its width nor its height depends on the
    numbers: where they need more room, the type shrinks. A number that waits for the next one stays, muted, and every
    tooltip says what the number is, or why there is none. `figures` has the labels of the numbers, by key."""

    def __init__(self, session: Session, parent: QWidget | None = None, *, prefix: str = "figure_"):
        """prefix: of the objectNames of the numbers; the rest is their key."""
        super().__init__(parent)
        self._session, self._evidence = session, session.evidence
        self.figures: dict[str, QLabel] = {}
        self._words: dict[str, QLabel] = {}
        self._operators: dict[str, QLabel] = {}
        for key, term in TERMS.items():
            self.figures[key] = self._make(UNKNOWN, key, f"{prefix}{key}")
            self._words[key] = self._make(term.words[0], "caption")
            self._operators[key] = self._make(term.operator, "muted")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        for fact in (
            self._evidence.changed,
            session.image.encoded,
            session.image.images_changed,
            session.model.changed,
        ):
            fact.connect(self._show)
        theme.changed.connect(self._on_theme_changed)
        self._show()

    @guarded(QSize())
    def sizeHint(self) -> QSize:
        """Room for the usual numbers, with the long words."""
        metrics = QFontMetricsF(theme.font(bold=True))
        numbers = sum(metrics.horizontalAdvance(term.room) for term in TERMS.values())
        words = QFontMetricsF(theme.font(scale=SMALL)).horizontalAdvance(TERMS["reconstruction"].words[0])
        return QSize(round(numbers + words + 4 * theme.pixels(16)), sum(self._heights()))

    @guarded(QSize())
    def minimumSizeHint(self) -> QSize:
        return QSize(160, sum(self._heights()))

    @guarded()
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()

    @property
    def sentence(self) -> str:
        """All of it in words."""
        texts = {key: f"{self._term(key).words[0]} {self.figures[key].text()}" for key in self._keys}
        if len(texts) == 1:
            return f"{texts['reconstruction']} nats."
        sentence = "{reconstruction} − {kl} = {elbo}, and {elbo} + {gap} {sign} {log_evidence}"
        figures, sign = self._evidence.figures, self._operators["log_evidence"].text()
        error = _error(figures) if figures else ""
        return f"{sentence.format(**texts, sign=sign)}{error} nats.{_draws(figures)}"

    @property
    def _keys(self) -> tuple[str, ...]:
        """What this model has."""
        return ("reconstruction",) if self._session.model.lacks("elbo") else tuple(TERMS)

    def _term(self, key: str) -> Term:
        return NO_ELBO if self._session.model.lacks("elbo") else TERMS[key]

    def _make(self, text: str, role: str, name: str = "") -> QLabel:
        made = label(text, role=role, name=name)
        made.setParent(self)
        made.setAlignment(Qt.AlignmentFlag.AlignCenter)
        return made

    # what is shown

    def _show(self) -> None:
        figures = self._evidence.figures
        is_waiting = figures is None and self._session.image.image is not None and not self._evidence.reason
        keys = self._keys
        for key, number in self.figures.items():
            nats = getattr(figures, key) if figures else None
            is_late = bool(figures and figures.is_late and key in OF_THE_EVIDENCE)
            is_missing = nats is None and (is_waiting or bool(figures and figures.missing == UNDER_WAY))
            if not is_missing:
                number.setText(UNKNOWN if nats is None else figure(nats, 1))
            self._set_muted(key, muted=is_late or is_missing)
            tip = self._tip(key, figures, is_late=is_late)
            for part in (number, self._words[key]):
                part.setToolTip(tip)
                part.setVisible(key in keys)
            number.setAccessibleName(f"{self._term(key).words[0]}: {number.text()} nats")
            number.setAccessibleDescription(tip)
            self._operators[key].setVisible(key in keys)
        self._operators["log_evidence"].setText("≈" if figures and figures.doubt else "=")
        self.setToolTip(self.sentence)
        self._fit()

    def _tip(self, key: str, figures: ImageFigures | None, *, is_late: bool) -> str:
        parts = [f"{self._term(key).tip}, in nats."]
        if figures is None:
            parts.append(self._evidence.reason or ENCODING)
        elif getattr(figures, key) is None:
            parts.append(figures.missing or figures.doubt)
        elif is_late:
            parts += [LATE, figures.missing]
        else:
            is_doubtful = key in OF_THE_EVIDENCE and figures.doubt
            error = _error(figures) if key == "log_evidence" and not is_doubtful else ""
            parts += [f"{error.strip()}." if error else "", "" if figures.is_late else _draws(figures).strip()]
            parts.append(figures.doubt if is_doubtful else "")
        return " ".join(part for part in parts if part)

    def _set_muted(self, key: str, *, muted: bool) -> None:
        number, role = self.figures[key], "muted" if muted else key
        if number.property("role") != role:
            number.setProperty("role", role)
            number.style().unpolish(number)
            number.style().polish(number)

    # where it is

    def _on_theme_changed(self) -> None:
        self.updateGeometry()
        self._fit()

    def _heights(self) -> tuple[int, int]:
        """Of the numbers and of the words, in the usual type."""
        bold, small = theme.font(bold=True), theme.font(scale=SMALL)
        return round(QFontMetricsF(bold).height()), round(QFontMetricsF(small).height())

    def _fit(self) -> None:
        """The largest type in which it fits; the short words where the long ones do not."""
        size, words = 1.0, [self._term(key).words[0] for key in self._keys]
        if self._need(size, words) + len(words) * theme.pixels(UNIT) > self.width():
            words = [self._term(key).words[-1] for key in self._keys]
        while self._need(size, words) > self.width() and size > MIN_NUMBER:
            size -= 0.02
        self._place(size, words)

    def _has_words(self, size: float) -> bool:
        return SMALL * size * theme.scale / 100 >= MIN_WORD

    def _columns(self, size: float, words: list[str]) -> tuple[list[float], float]:
        """The widths of the columns, and of an operator with the least room around it. A word reaches below the
        operators around it."""
        metrics, small = QFontMetricsF(theme.font(scale=size, bold=True)), QFontMetricsF(theme.font(scale=SMALL * size))
        operator = metrics.horizontalAdvance("≈") + 2
        columns = []
        for i, (key, word) in enumerate(zip(self._keys, words, strict=True)):
            wide = max(metrics.horizontalAdvance(text) for text in (self._term(key).room, self.figures[key].text()))
            if self._has_words(size):
                spill = operator - 4 if 0 < i < len(words) - 1 else 0.0
                wide = max(wide, small.horizontalAdvance(word) + 2 - spill)
            columns.append(wide)
        return columns, operator

    def _need(self, size: float, words: list[str]) -> float:
        columns, operator = self._columns(size, words)
        return sum(columns) + operator * (len(columns) - 1)

    def _place(self, size: float, words: list[str]) -> None:
        columns, operator = self._columns(size, words)
        gaps, free = len(columns) - 1, self.width() - self._need(size, words)
        operator += min(max(free, 0) / gaps, theme.pixels(MAX_GAP)) if gaps else 0
        has_words, (above, below) = self._has_words(size), self._heights()
        line, x = above if has_words else above + below, 0.0
        for i, (key, word, wide) in enumerate(zip(self._keys, words, columns, strict=True)):
            if i:
                self._operators[key].setFont(theme.font(scale=size))
                self._operators[key].setGeometry(round(x), 0, round(operator), line)
                x += operator
            self.figures[key].setFont(theme.font(scale=size, bold=True))
            self.figures[key].setGeometry(round(x), 0, round(wide), line)
            name = self._words[key]
            name.setVisible(has_words)
            name.setText(word)
            name.setFont(theme.font(scale=SMALL * size))
            spill = operator / 2 if 0 < i < gaps else 0.0
            name.setGeometry(round(x - spill), above, round(wide + 2 * spill), below)
            x += wide


def _draws(figures: ImageFigures | None) -> str:
    return f" From {figures.draws:,} draws of z." if figures and figures.draws is not None else ""


def _error(figures: ImageFigures) -> str:
    """The error of log p(x); its ± would say that the rest is known where there is doubt."""
    error = figures.standard_error
    return "" if error is None or figures.doubt else f" ± {figure(error, 1 if error >= 0.1 else 2)}"
