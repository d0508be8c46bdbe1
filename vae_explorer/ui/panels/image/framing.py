"""Where a frame on a photo goes when it is moved and resized: whole pixels of the photo, never outside it."""

from vae_explorer.data.photo.frame import Frame

LEAST = 8  # pixels of the photo: a frame's sides
Handle = tuple[int, int]  # which sides it moves: −1 left or upper, 1 right or lower, 0 neither
Size = tuple[int, int]  # width and height of the photo


def moved(frame: Frame, across: float, down: float, photo: Size) -> Frame:
    """The frame elsewhere, as far as there is photo."""
    left = min(max(frame.left + across, 0), photo[0] - frame.width)
    top = min(max(frame.top + down, 0), photo[1] - frame.height)
    return _whole(frame, (left, frame.width), (top, frame.height))


def resized(frame: Frame, handle: Handle, across: float, down: float, photo: Size, ratio: float | None) -> Frame:
    """The frame when one of its handles was pulled. With a ratio of width to height it has that: a frame in other
    proportions becomes larger first, so that nothing of it is lost, and a handle in the middle of a side moves the
    neighbouring sides too, both equally."""
    starts, sides, pulls = (frame.left, frame.top), (frame.width, frame.height), (across, down)
    least = [float(min(LEAST, side)) for side in photo]
    rooms = [_room(*axis, keeps=ratio is None) for axis in zip(handle, starts, sides, photo, strict=True)]
    before = sides if ratio is None else (max(sides[0], sides[1] * ratio), max(sides[1], sides[0] / ratio))
    width, height = (
        min(max(side + sign * pull, low), room)
        for side, sign, pull, low, room in zip(before, handle, pulls, least, rooms, strict=True)
    )
    if ratio is not None:
        width = max(width * bool(handle[0]), height * ratio * bool(handle[1]))
        width = min(max(width, least[0], least[1] * ratio), rooms[0], rooms[1] * ratio)
        height = width / ratio
    left, top = (
        start + (side - new) * (1 - sign) / 2
        for start, side, new, sign in zip(starts, sides, (width, height), handle, strict=True)
    )
    return _whole(frame, (left, width), (top, height))


def _room(sign: int, start: float, side: float, photo: int, *, keeps: bool) -> float:
    """How long a side may become."""
    if sign:
        return photo - start if sign > 0 else start + side
    return side if keeps else 2 * min(start + side / 2, photo - start - side / 2)


def _whole(frame: Frame, across: tuple[float, float], down: tuple[float, float]) -> Frame:
    right, bottom = max(round(sum(across)), 1), max(round(sum(down)), 1)
    left, top = min(round(across[0]), right - 1), min(round(down[0]), bottom - 1)
    return Frame(left=left, top=top, width=right - left, height=bottom - top, turns=frame.turns)
