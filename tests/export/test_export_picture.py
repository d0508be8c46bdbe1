"""Pictures given out: their pixels, their format, and what is said where they cannot be written."""

import errno

import numpy as np
import pytest
from PIL import Image

from vae_explorer.data.picture import read
from vae_explorer.export.picture import MAX_JPEG_SIDE, ExportError, levels, png, sheet, write
from vae_explorer.storage import atomic

RNG = np.random.default_rng(0)
GREY, COLOUR = (RNG.integers(0, 256, (9, 14, channels), np.uint8) for channels in (1, 3))


@pytest.mark.parametrize("pixels", [GREY, COLOUR])
def test_a_png_has_exactly_these_pixels(pixels):
    assert np.array_equal(read(png(pixels)).pixels, pixels)


def test_a_contact_sheet_is_filled_row_by_row():
    images = np.stack([np.full((2, 3, 1), level, np.uint8) for level in (10, 20, 30)])
    pixels = sheet(images, columns=2, gap=1, zoom=2)
    assert pixels.shape == (4 + 1 + 4, 6 + 1 + 6, 1)
    assert (pixels[:4, :6] == 10).all()
    assert (pixels[:4, 7:] == 20).all()
    assert (pixels[5:, :6] == 30).all()
    assert len(np.unique(pixels)) == 4  # and the gap
    assert sheet(images, columns=9).shape == (2, 3 * 3 + 2 * 2, 1)
    with pytest.raises(ValueError, match="columns"):
        sheet(images, columns=0)


def test_levels_cut_what_is_outside_and_put_the_channels_last():
    x = np.float32([-0.5, 0, 0.5, 1, 2, 0.2]).reshape(1, 3, 1, 2)
    assert levels(x).tolist() == [[[[0, 128, 255], [0, 255, 51]]]]


@pytest.mark.parametrize(
    ("name", "form"), [("x.png", "PNG"), ("x.PNG", "PNG"), ("x", "PNG"), ("x.jpg", "JPEG"), ("x.JPEG", "JPEG")]
)
def test_the_suffix_decides_the_format(tmp_path, name, form):
    smooth = np.stack(np.meshgrid(np.arange(40) * 6, np.arange(30) * 8, [99]), -1)[:, :, 0].astype(np.uint8)
    write(tmp_path / name, smooth[None], zoom=2)
    with Image.open(tmp_path / name) as image:
        assert (image.format, image.size) == (form, (80, 60))
        assert np.abs(np.asarray(image, int) - smooth.repeat(2, 0).repeat(2, 1)).max() <= (8 if form == "JPEG" else 0)


def test_one_image_is_written_alone_and_more_in_rows(tmp_path):
    write(tmp_path / "one.png", GREY[None])
    write(tmp_path / "six.png", np.stack([GREY] * 6), columns=3, gap=1)
    assert np.array_equal(read(tmp_path / "one.png").pixels, GREY)
    assert read(tmp_path / "six.png").pixels.shape == (2 * 9 + 1, 3 * 14 + 2, 1)


@pytest.mark.parametrize("name", ["x.gif", "holiday.2024", "x.webp"])
def test_another_suffix_is_refused_and_nothing_is_written(tmp_path, name):
    with pytest.raises(ExportError, match=rf"^{name} cannot be written as a picture: choose \.png or \.jpg$"):
        write(tmp_path / name, GREY[None])
    assert not list(tmp_path.iterdir())


def test_a_sheet_too_long_for_a_jpeg_is_refused(tmp_path):
    long = np.zeros((1, 1, MAX_JPEG_SIDE + 1, 1), np.uint8)
    with pytest.raises(ExportError, match=r"choose \.png"):
        write(tmp_path / "x.jpg", long)
    write(tmp_path / "x.jpg", long[:, :, 1:])


def test_where_the_disk_does_not_take_it_the_old_picture_stays(tmp_path, monkeypatch):
    write(tmp_path / "x.png", GREY[None])

    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(ExportError, match=r"x\.png could not be written \(no space left on device\): choose another"):
        write(tmp_path / "x.png", GREY[None, ::-1])
    assert np.array_equal(read(tmp_path / "x.png").pixels, GREY)
    with pytest.raises(ExportError, match=r"^There is no folder .*none to write x\.png in: create it first$"):
        write(tmp_path / "none" / "x.png", GREY[None])
