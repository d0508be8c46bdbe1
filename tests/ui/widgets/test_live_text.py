"""A line that changes all the time says by an ellipsis that it is not whole."""

import pytest

from vae_explorer.ui.widgets.live_text import Piece, fitted, width_of

LINE = (Piece("drawn-digits", is_name=True), Piece(" · epoch "), Piece("14.8", bold=True), Piece(" of 100,000"))


def written(room: float) -> str:
    return "".join(piece.text for piece in fitted(LINE, room))


@pytest.mark.parametrize("room", range(14, 260, 7))
def test_a_line_that_is_cut_ends_in_an_ellipsis(qapp, room):
    text = written(room)
    assert width_of(fitted(LINE, room)) <= room + 1
    assert text.endswith((" of 100,000", "…")) or not text


def test_names_give_way_first(qapp):
    assert written(width_of(LINE)) == "drawn-digits · epoch 14.8 of 100,000"
    assert written(width_of(LINE) - 30).endswith(" · epoch 14.8 of 100,000")
