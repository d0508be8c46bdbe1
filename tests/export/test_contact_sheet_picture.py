"""A contact sheet as a picture with its texts."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vae_explorer.data.contact_sheet import ContactSheet
from vae_explorer.data.image_set import Note, Skipped
from vae_explorer.export.contact_sheet import PAPER, drawn, write

RNG = np.random.default_rng(0)


def sheet(n=5, channels=3, side=40, lines=()):
    images = RNG.integers(0, 256, (n, channels, side, side), np.uint8)
    return ContactSheet("set: 5 images", images, ("one",) * n, 8, tuple(lines))


@pytest.mark.parametrize("channels", [1, 3])
def test_the_images_are_there_pixel_by_pixel_at_a_whole_zoom(channels):
    made = sheet(channels=channels)
    page = drawn(made)
    tile = page[24 : 24 + 80 : 2, 24 : 24 + 80 : 2]
    assert np.array_equal(tile, np.broadcast_to(made.images[0].transpose(1, 2, 0), (40, 40, 3)))


def test_every_line_makes_the_sheet_longer_and_no_text_touches_its_edge():
    files = tuple(Skipped(Path("a"), f"{i} is no picture") for i in range(30))
    long = "x" * 300 + " " + "many words " * 60
    pages = [drawn(sheet(lines=lines)) for lines in ((), [Note("short")], [Note(long)], [Note("left out", "", files)])]
    plain, *longer = (len(page) for page in pages)
    assert min(longer) > plain
    assert len(set(longer)) == 3
    for page in pages:
        for edge in (page[:, :12], page[:, -12:], page[:12], page[-12:]):
            assert (edge == PAPER).all()


def test_a_set_without_images_is_a_page_of_texts(tmp_path):
    write(tmp_path / "sheet.jpg", sheet(0))
    with Image.open(tmp_path / "sheet.jpg") as page:
        assert page.size == (800, 3 * 24 + 26)
