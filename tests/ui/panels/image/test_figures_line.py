"""The line of figures: it keeps its place, cuts no number, and says what it does not know."""

from itertools import pairwise
from types import SimpleNamespace

import pytest
from PySide6.QtGui import QFontMetricsF

from vae_explorer.session.views.evidence import IN_TRAINING, NO_IMAGE, UNDER_WAY, EvidenceSession, ImageFigures
from vae_explorer.ui.panels.image.figures_line import LATE, FiguresLine
from vae_explorer.ui.theme import theme

WAIT = 30_000  # milliseconds
WHOLE = ImageFigures(-63.1, 19.1, -82.2, 5.0, -77.2, 0.12, 5000)
LARGE = ImageFigures(-12345.6, 1234.5, -13580.1, 123.4, -13456.7, 0.12, 5000)


@pytest.fixture
def line(session, open_model, make_model, bring, put_on):
    open_model(make_model())
    bring(0)
    return put_on(FiguresLine(session), 276, 60)


@pytest.fixture
def show(session, monkeypatch):
    def show_figures(figures):
        monkeypatch.setattr(EvidenceSession, "figures", figures)
        session.evidence.changed.emit()

    return show_figures


def places(line):
    return [part.geometry() for part in (line, *line.figures.values(), *line._words.values())]


def texts(line):
    return {key: label.text() for key, label in line.figures.items()}


def test_nothing_moves_when_numbers_come_and_go(line, show):
    show(WHOLE)
    before, hint = places(line), line.sizeHint()
    for figures in (
        ImageFigures(-61.0, 18.5, -79.5, missing=UNDER_WAY),
        ImageFigures(-61.0, 18.5, -79.5, missing=IN_TRAINING),
        ImageFigures(-61.0, 18.5, -79.5, 4.9, -74.6, 0.2, 5000, "few draws", is_late=True, missing=IN_TRAINING),
        None,
        WHOLE,
    ):
        show(figures)
        assert places(line) == before
        assert line.sizeHint() == hint
    show(LARGE)
    assert (line.geometry(), line.sizeHint()) == (before[0], hint)


@pytest.mark.parametrize("scale", [80, 100, 150, 200])
@pytest.mark.parametrize("width", [246, 276, 330, 676])
@pytest.mark.parametrize("figures", [WHOLE, LARGE], ids=["usual", "large"])
def test_no_number_is_cut_and_no_word_lies_over_another(line, show, scale, width, figures):
    theme.set_scale(scale)
    line.resize(width, line.sizeHint().height())
    show(figures)
    right = 0
    for key, number in line.figures.items():
        assert QFontMetricsF(number.font()).horizontalAdvance(number.text()) <= number.width() + 1, key
        assert right <= number.x() + 1
        right = number.geometry().right()
    assert right <= width
    words = [word for word in line._words.values() if word.isVisible()]
    assert words or figures is LARGE
    spans = []
    for word in words:
        wide, middle = QFontMetricsF(word.font()).horizontalAdvance(word.text()), word.geometry().center().x()
        spans.append((middle - wide / 2, middle + wide / 2))
    assert all(end <= start + 1 for (_, end), (start, _) in pairwise(spans))
    assert not spans or (spans[0][0] >= -2 and spans[-1][1] <= width + 2)


def test_a_gap_on_its_way_leaves_the_last_one_muted_and_one_that_does_not_come_is_a_dash_with_its_reason(line, show):
    show(WHOLE)
    three = {"reconstruction": "−61.0", "kl": "18.5", "elbo": "−79.5"}
    show(ImageFigures(-61.0, 18.5, -79.5, missing=UNDER_WAY))
    assert texts(line) == {**three, "gap": "5.0", "log_evidence": "−77.2"}
    assert [line.figures[key].property("role") for key in ("elbo", "gap", "log_evidence")] == ["elbo", "muted", "muted"]
    assert UNDER_WAY in line.figures["gap"].toolTip()
    show(ImageFigures(-61.0, 18.5, -79.5, missing=IN_TRAINING))
    assert texts(line) == {**three, "gap": "–", "log_evidence": "–"}
    for key in ("gap", "log_evidence"):
        assert IN_TRAINING in line.figures[key].toolTip()
    assert IN_TRAINING not in line.figures["elbo"].toolTip()
    show(ImageFigures(-61.0, 18.5, -79.5, 4.9, -74.6, 0.2, 5000, is_late=True, missing=IN_TRAINING))
    assert texts(line) == {**three, "gap": "4.9", "log_evidence": "−74.6"}
    assert line.figures["gap"].property("role") == "muted"
    assert LATE in line.figures["gap"].toolTip()
    assert "draws" not in line.figures["elbo"].toolTip()  # the gap is by them
    show(WHOLE)
    assert line.figures["gap"].property("role") == "gap"


def test_one_tooltip_says_the_whole_sentence(line, show):
    show(WHOLE)
    sentence = "reconstruction −63.1 − KL 19.1 = ELBO −82.2, and ELBO −82.2 + gap 5.0 = log p(x) −77.2 ± 0.1 nats."
    assert line.toolTip() == f"{sentence} From 5,000 draws of z."
    show(ImageFigures(-63.1, 19.1, -82.2, 5.0, -77.2, 0.12, 5000, "A few draws dominate."))
    assert "gap 5.0 ≈ log p(x) −77.2 nats" in line.toolTip()
    assert "A few draws dominate." in line.figures["log_evidence"].toolTip()


def test_without_an_image_every_dash_says_why(session, put_on, open_model, make_model):
    open_model(make_model())
    line = put_on(FiguresLine(session), 276, 60)
    assert set(texts(line).values()) == {"–"}
    assert all(NO_IMAGE in label.toolTip() for label in line.figures.values())


def test_a_second_line_has_names_of_its_own(session, put_on):
    first, second = FiguresLine(session), FiguresLine(session, prefix="strip_")
    put_on(first)
    put_on(second)
    assert first.figures["gap"].objectName() == "figure_gap"
    assert second.figures["gap"].objectName() == "strip_gap"


def test_while_a_run_goes_on_the_dash_has_its_reason_and_a_pause_brings_the_number(
    session, line, monkeypatch, qtbot, bring
):
    training = session.training
    monkeypatch.setattr(type(training), "is_active", property(lambda self: True))
    monkeypatch.setattr(type(session.model), "shows_trained", property(lambda self: True))
    training.state = "running"
    bring(1)
    assert IN_TRAINING in line.figures["gap"].toolTip()
    training.state = "paused"
    training.state_changed.emit()
    qtbot.waitUntil(lambda: "draws" in line.figures["gap"].toolTip(), timeout=WAIT)
    assert line.figures["gap"].text() != "–"
    monkeypatch.undo()


def test_it_says_nothing_of_an_evidence_that_belongs_to_an_image_before(line, show):
    show(SimpleNamespace(**{**vars(WHOLE), "draws": None}))
    assert "draws" not in line.figures["elbo"].toolTip()
