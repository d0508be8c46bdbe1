"""TIFF files of any layout, written as TIFF 6.0 says."""

import struct
import zlib

import numpy as np

TYPES = {"u": 1, "i": 2, "f": 3}


def tiff_file(
    values: np.ndarray,
    *,
    planes: bool = False,
    packed: int = 1,
    predictor: int = 1,
    tile: int = 0,
    order: str = "<",
    photometric: int | None = None,
    more: dict[int, tuple[int, ...]] | None = None,
    pages: int = 1,
) -> bytes:
    """A TIFF of [h, w, c], written as TIFF 6.0 says: in two strips or in tiles, packed by deflate (8) or not (1)."""
    height, width, samples = values.shape
    values = values.astype(values.dtype.newbyteorder(order))
    pieces = []
    for plane in np.moveaxis(values, 2, 0)[..., None] if planes else [values]:
        if tile:
            tall, wide = -(-height // tile) * tile, -(-width // tile) * tile
            plane = np.pad(plane, ((0, tall - height), (0, wide - width), (0, 0)))
            pieces += [plane[y : y + tile, x : x + tile] for y in range(0, tall, tile) for x in range(0, wide, tile)]
        else:
            pieces += [plane[: height // 2], plane[height // 2 :]]
    content = bytearray((b"II*\0" if order == "<" else b"MM\0*") + bytes(4))
    places, lengths = [], []
    for piece in pieces:
        if predictor == 2:
            piece = np.diff(piece, axis=1, prepend=np.zeros_like(piece[:, :1]))
        data = piece.astype(values.dtype).tobytes()
        if packed == 8:
            data = zlib.compress(data)
        places.append(len(content))
        lengths.append(len(data))
        content += data + bytes(len(data) % 2)
    kind, bits = TYPES[values.dtype.kind], values.dtype.itemsize * 8
    channels = 3 if samples > 2 else 1
    photometric = (2 if channels == 3 else 1) if photometric is None else photometric
    tags = {256: (width,), 257: (height,), 258: (bits,) * samples, 259: (packed,), 262: (photometric,)}
    tags |= {277: (samples,), 284: (2 if planes else 1,), 317: (predictor,), 339: (kind,) * samples}
    tags |= (
        {322: (tile,), 323: (tile,), 324: (*places,), 325: (*lengths,)} if tile else {273: (*places,), 279: (*lengths,)}
    )
    tags |= {} if tile else {278: (-(-height // 2),)}
    tags |= {338: (2,)} if samples > channels else {}
    tags |= more or {}
    link = 4
    for _ in range(pages):
        start = len(content)
        content[link : link + 4] = struct.pack(order + "L", start)
        behind = start + 2 + 12 * len(tags) + 4
        table, tail = struct.pack(order + "H", len(tags)), b""
        for tag, numbers in sorted(tags.items()):
            form = "L" if max(numbers) > 0xFFFF or tag in (273, 279, 324, 325) else "H"
            data = struct.pack(f"{order}{len(numbers)}{form}", *numbers)
            place = data.ljust(4, b"\0") if len(data) <= 4 else struct.pack(order + "L", behind + len(tail))
            tail += data + bytes(len(data) % 2) if len(data) > 4 else b""
            table += struct.pack(order + "HHL", tag, 4 if form == "L" else 3, len(numbers)) + place
        link = start + len(table)
        content += table + bytes(4) + tail
    return bytes(content)
