"""HEIC photos, where pillow-heif is installed."""

from io import BytesIO

from PIL import Image

from vae_explorer.data.codecs.cost import MAX_MEMORY, CostError

BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1")
_OF_PIXEL = 8  # bytes while it is decoded


def is_heif(content: bytes) -> bool:
    """Whether it is a file in boxes of this brand; AVIF too may call itself mif1, and then names avif after it."""
    return content[4:8] == b"ftyp" and content[8:12] in BRANDS and b"avif" not in content[12:64]


def decoded(content: bytes, most: int) -> Image.Image:
    """The picture upright, of at most so many pixels. Raises CostError where it is larger, or the library missing."""
    try:
        import pillow_heif
    except ImportError:
        raise CostError("is a HEIC photo, for which a library is missing: pip install pillow-heif") from None
    file = pillow_heif.open_heif(BytesIO(content), convert_hdr_to_8bit=True)
    width, height = file.size
    if width * height > min(most, (MAX_MEMORY - len(content)) // _OF_PIXEL):
        raise CostError(f"has {width} × {height} pixels, too many for a HEIC photo: save it as JPEG")
    image: Image.Image = file.to_pillow()
    image.format, image.info = "HEIF", {}  # the library has turned it
    return image
