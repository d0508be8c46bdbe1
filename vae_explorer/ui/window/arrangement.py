"""What has room in the window: one pure function from its size and the user's wishes to what is shown."""

from typing import Literal, NamedTuple

DrawerState = Literal["open", "folded", "enlarged", "hidden"]
TrainState = Literal["hidden", "docked", "overlay"]

# Pixels at 100 % text size. Type that is twice as large needs twice the room.
IMAGE, LATENT, DECODED = 270, 424, 264  # the least width of each panel
GAP = 8  # between panels, and between them and the edge
BAR, STRIP, TABS, DRAWER, TRAIN, SHEET = 40, 104, 36, 232, 300, 208  # title bar, strip, row of tabs, …
RUN_BAR = 28
PANELS_WIDTH = IMAGE + LATENT + DECODED + 4 * GAP  # three panels side by side
PRESENTED_PANELS_HEIGHT = 376  # with a picture of 224 pixels on the smallest screen
PANELS_HEIGHT = 336  # below, the upper part of a panel scrolls too much to be of use
STAGE_HEIGHT = 128  # below, the sheet of the run takes the place of the stage
PICTURE, PRESENTED_PICTURE = 96, 224  # pixels of the screen: the decoded picture is never smaller
PRESENTED = 240  # pixels of the screen: the strip of a presentation, with a picture of 224
SHARE = 0.24  # of the window's height that the strip may take
SMALLEST = (1280, 720)  # pixels: a screen that a presentation is made for
PRESENTED_SCALE = 1.25  # there: its smallest type is then 14 pixels high


class Room(NamedTuple):
    """The inside of the window, in pixels of the screen; scale 1 is the default size of the type."""

    width: int
    height: int
    scale: float

    def holds(self, *, width: float = 0, height: float = 0) -> bool:
        """Whether there is room for something of this size at 100 %."""
        return self.width >= width * self.scale and self.height >= height * self.scale


class Wishes(NamedTuple):
    """What the user asked for."""

    drawer: Literal["open", "folded", "enlarged"] = "open"
    train: bool = False
    offer: bool = False  # there is a run to resume: Train is shown where it hides nothing
    sheet: bool = False  # of the run
    presentation: bool = False
    is_running: bool = False  # the run bar is never hidden then


class Arrangement(NamedTuple):
    """What is shown."""

    strip: int  # the height of the strip in pixels of the screen; 0: the spine is three panels
    one_panel: bool  # the panels are pages between the views
    drawer: DrawerState
    train: TrainState
    sheet: int  # its height in pixels of the screen; 0: it is closed
    run_bar: bool


def arranged(room: Room, wishes: Wishes) -> Arrangement:
    """Three panels over the drawer where they fit; else the strip and one page, which may be a panel or a view."""
    run_bar = not wishes.presentation or wishes.is_running or wishes.sheet
    frame = BAR + RUN_BAR * run_bar + 2 * GAP
    docked = (wishes.train or wishes.offer) and room.holds(width=PANELS_WIDTH + TRAIN + GAP)
    train: TrainState = "docked" if docked else "overlay" if wishes.train else "hidden"
    panels = PRESENTED_PANELS_HEIGHT if wishes.presentation else PANELS_HEIGHT
    sheet = SHEET + GAP if wishes.sheet else 0
    one_panel = not room.holds(width=PANELS_WIDTH, height=frame + panels + GAP + TABS)
    if one_panel or wishes.drawer == "enlarged" or not room.holds(height=frame + panels + sheet):
        strip = _strip_height(room, wishes)
        left = room.height - strip - round(frame * room.scale)
        drawer: DrawerState = "enlarged"
        if wishes.sheet and left < (sheet + STAGE_HEIGHT) * room.scale:
            drawer = "hidden"
        height = round(min(SHEET * room.scale, left)) if wishes.sheet else 0
        return Arrangement(strip, one_panel, drawer, train, height, run_bar)
    drawer = wishes.drawer
    if drawer == "open" and not room.holds(height=frame + panels + GAP + DRAWER + sheet):
        drawer = "folded"
    if drawer == "folded" and not room.holds(height=frame + panels + GAP + TABS + sheet):
        drawer = "hidden"
    return Arrangement(0, False, drawer, train, round(SHEET * room.scale) if wishes.sheet else 0, run_bar)


def can_open_drawer(room: Room, wishes: Wishes) -> bool:
    """Whether a view has room below the panels; where not, choosing one enlarges it."""
    return arranged(room, wishes._replace(drawer="open")).drawer == "open"


def presentation_scale(width: int, height: int) -> float:
    """The size of the type on a screen of this size in pixels: there is room for as much as on the smallest one."""
    return PRESENTED_SCALE * max(1, min(width / SMALLEST[0], height / SMALLEST[1]))


def _strip_height(room: Room, wishes: Wishes) -> int:
    if wishes.presentation:
        return PRESENTED
    return round(max(STRIP, min(STRIP * room.scale, SHARE * room.height)))
