"""How figures are written, and whether their marks can be seen."""

import pytest
from PySide6.QtCore import Qt

from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.numbers import counted, deviation, figure, mark, number, ordinal, z_name


def test_a_minus_is_a_minus_and_zero_has_none():
    assert figure(-2.044, 2) == "−2.04"
    assert figure(-0.001, 2) == "0.00"
    assert figure(1.96, 2, sign=True) == "+1.96"


def test_a_figure_that_is_no_number_is_still_written():
    assert figure(float("nan"), 2) == "nan"
    assert figure(float("-inf"), 1) == "−inf"


@pytest.mark.parametrize(
    ("sigma", "text"),
    [
        (0.004, "0.0040"), (0.0672, "0.067"), (0.39, "0.39"), (1.0, "1.00"), (0.00041, "4.1e−4"), (3e-7, "3.0e−7"),
        (0.00099999, "1.0e−3"), (12.345, "12.35"), (22026.0, "22026"), (0.0, "0.00"),
    ],
)  # fmt: skip
def test_a_small_deviation_is_not_nothing_and_all_are_equally_wide(sigma, text):
    assert deviation(sigma).strip() == text
    assert len(deviation(sigma)) == 6


@pytest.mark.parametrize(
    ("text", "value"), [("1.5", 1.5), (" -0,25 ", -0.25), ("−3", -3.0), ("+.5", 0.5), ("1e3", 1000)]
)
def test_a_number_is_read_as_people_type_it(text, value):
    assert number(text) == value


@pytest.mark.parametrize("text", ["", "abc", "1.2.3", "nan", "inf", "1_0x"])
def test_what_is_no_number_is_refused_with_a_sentence(text):
    with pytest.raises(ValueError, match=r"number\.$"):
        number(text)


def test_a_dimension_has_its_index_as_subscript():
    assert z_name(6) == "z₆"
    assert z_name(511) == "z₅₁₁"


def luminance(colour):
    """WCAG 2.2: relative luminance."""
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.getRgbF()[:3]]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


@pytest.mark.parametrize("name", ["mu", "z", "kl"])
@pytest.mark.parametrize("scheme", [Qt.ColorScheme.Dark, Qt.ColorScheme.Light])
def test_marks_stand_out_from_the_panel_in_both_schemes(qapp, name, scheme):
    try:
        theme.set_scheme(scheme)
        low, high = sorted([luminance(mark(name)), luminance(theme.colour("panel"))])
        assert (high + 0.05) / (low + 0.05) >= 3
    finally:
        theme.set_scheme(Qt.ColorScheme.Dark)


@pytest.mark.parametrize(("count", "said"), [(0, "0 dimensions"), (1, "1 dimension"), (2000, "2,000 dimensions")])
def test_one_is_not_a_plural(count, said):
    assert counted(count, "dimension") == said


def test_ordinals_are_those_of_english():
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 102, 113)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "113th",
    ]  # fmt: skip
