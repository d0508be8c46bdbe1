"""A data set's contact sheet as a picture with its texts. For a thread: it brings Pillow."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from vae_explorer import paths
from vae_explorer.data.contact_sheet import ContactSheet, flags
from vae_explorer.export import picture

WIDTH = 800  # pixels, of the sheet at least
TILE = 96  # pixels: images are shown as large as whole pixels allow, up to here
MARGIN = 24  # pixels
LINE = 26  # pixels from a line of text to the next
SIZE, TITLE_SIZE = 17, 20  # pixels, of the type
PAPER, INK, MUTED = (255, 255, 255), (22, 25, 29), (91, 101, 112)
LISTED = 10  # files of one line; the command itself names all
MAX_WORD = 40  # characters: what is longer is broken where it must be


def write(path: Path, sheet: ContactSheet) -> None:
    """A PNG or a JPEG by the suffix, in place of what was there. Raises ExportError with a sentence."""
    picture.write(path, drawn(sheet)[None])


def drawn(sheet: ContactSheet) -> UInt8[np.ndarray, "sheet_h sheet_w 3"]:
    """The images, and below them title and lines."""
    _, _, height, width = sheet.images.shape
    zoom = max(1, TILE // max(height, width))
    tiles = np.broadcast_to(sheet.images.transpose(0, 2, 3, 1), (len(sheet.images), height, width, 3))
    images = picture.sheet(tiles, sheet.columns, zoom=zoom) if len(tiles) else np.empty((0, 0, 3), np.uint8)
    page_width = max(WIDTH, images.shape[1] + 2 * MARGIN)
    texts = list(_texts(sheet, page_width - 2 * MARGIN))
    page = Image.new("RGB", (page_width, images.shape[0] + LINE * len(texts) + 3 * MARGIN), PAPER)
    if len(tiles):
        page.paste(Image.fromarray(images), (MARGIN, MARGIN))
    draw = ImageDraw.Draw(page)
    for i, (text, font, colour) in enumerate(texts):
        draw.text((MARGIN, images.shape[0] + 2 * MARGIN + i * LINE), text, fill=colour, font=font)
    return np.asarray(page)


def _texts(sheet: ContactSheet, room: int) -> Iterator[tuple[str, ImageFont.FreeTypeFont, tuple[int, int, int]]]:
    title, plain = _font("SemiBold", TITLE_SIZE), _font("Regular", SIZE)
    yield from ((text, title, INK) for text in _wrapped(sheet.title, title, room))
    for note in sheet.lines:
        yield from ((text, plain, INK) for text in _wrapped(f"{note.sentence}{flags(note)}", plain, room))
        reasons = [one.reason for one in note.files[:LISTED]]
        if len(note.files) > LISTED:
            reasons.append(f"… and {len(note.files) - LISTED:,} more")
        for reason in reasons:
            yield from ((f"    {text}", plain, MUTED) for text in _wrapped(reason, plain, room - MARGIN))


def _font(weight: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(paths.resources() / "fonts" / f"Inter-{weight}.otf"), size)


def _wrapped(text: str, font: ImageFont.FreeTypeFont, room: int) -> Iterator[str]:
    """Lines that are no wider than the room."""
    words = (word[i : i + MAX_WORD] for word in text.split() for i in range(0, len(word), MAX_WORD))
    line = ""
    for word in words:
        longer = f"{line} {word}".lstrip()
        if line and font.getlength(longer) > room:
            yield line
            longer = word
        line = longer
    yield line
