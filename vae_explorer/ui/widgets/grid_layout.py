"""Where the tiles of a grid lie."""

from dataclasses import dataclass

GAP = 0.09  # of a tile's side lies between two tiles


@dataclass(frozen=True)
class GridLayout:
    """Where tiles lie, in device pixels."""

    columns: int
    rows: int
    width: int  # of a tile
    height: int
    gap: int

    @property
    def total_width(self) -> int:
        return self.columns * (self.width + self.gap) - self.gap

    @property
    def total_height(self) -> int:
        return self.rows * (self.height + self.gap) - self.gap

    @property
    def canvas(self) -> tuple[int, int]:
        """Height and width of all tiles, each with a gap below it and to its right."""
        return self.rows * (self.height + self.gap), self.columns * (self.width + self.gap)


def arrange(count: int, width: int, height: int, room_width: int, room_height: int, largest_gap: int) -> GridLayout:
    """The arrangement of `count` images of this size with the largest tiles, whole-number zoom from 2 on: below it the
    next whole number may be half of what there is room for."""
    best, best_key = GridLayout(1, count, 1, 1, 0), (0.0, 0, 0)
    for columns in range(1, count + 1):
        rows = -(-count // columns)
        cell = min(room_width / columns, room_height / rows * width / height)
        gap = min(max(round(cell * GAP), 2), largest_gap)
        zoom = min(
            (room_width - (columns - 1) * gap) / (columns * width), (room_height - (rows - 1) * gap) / (rows * height)
        )
        zoom = float(int(zoom)) if zoom >= 2 else zoom
        key = (zoom, count - rows * columns, columns)  # as large, then as few empty places, then as wide as possible
        if key > best_key:
            best = GridLayout(columns, rows, max(1, int(width * zoom + 1e-6)), max(1, int(height * zoom + 1e-6)), gap)
            best_key = key
    return best
