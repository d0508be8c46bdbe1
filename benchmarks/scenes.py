"""Thirty kinds of photo and screenshot of a handwritten digit, drawn from a test image with Pillow and numpy alone.

A kind is a function of a random generator and a digit's ink (float [h, w], 0 to 1, cropped to the digit); it gives the
file that a camera or a screenshot would have made. What varies (size, place, colours, light, noise) comes from the
generator. Axis letters: h w of the picture, 3 for RGB; colours are 0 to 255.
"""

import io
from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Scene = Callable[[Generator, Image.Image], bytes]
WIDTH, HEIGHT = 1024, 768  # pixels of a photo
KINDS: dict[str, Scene] = {}

WORDS = ["model", "form", "name", "date", "student", "please", "write", "one", "number", "field", "exam", "room"]


def kind(name: str) -> Callable[[Scene], Scene]:
    def enter(scene: Scene) -> Scene:
        KINDS[name] = scene
        return scene

    return enter


def ink_of(image: np.ndarray) -> Image.Image:
    """A 28 × 28 test image as ink at 20 times its size, with the sharp edge of a pen, cropped."""
    large = np.asarray(Image.fromarray(image).resize((560, 560), Image.Resampling.BICUBIC), np.float32) / 255
    sharp = Image.fromarray((((large - 0.4) * 5 + 0.5).clip(0, 1) * 255).astype(np.uint8))
    return sharp.crop(sharp.getbbox())


# ---- materials


def surface(generator: Generator, colour: tuple[float, ...], grain: float = 2, size=(WIDTH, HEIGHT)) -> np.ndarray:
    """Paper, a wall, a desk: one colour with a little structure, float [h, w, 3]."""
    coarse = generator.normal(0, 1, (size[1] // 8, size[0] // 8)).astype(np.float32)
    structure = np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC))
    return np.asarray(colour, np.float32) + grain * structure[..., None]


def paper(generator: Generator, size=(WIDTH, HEIGHT)) -> np.ndarray:
    level = generator.uniform(222, 245)
    return surface(generator, (level, level - generator.uniform(0, 4), level - generator.uniform(2, 14)), 1.5, size)


def wood(generator: Generator) -> np.ndarray:
    """Boards with a grain along them and gaps between them."""
    base = np.array([(150, 105, 65), (120, 78, 45), (190, 150, 105)][generator.integers(3)], np.float32)
    y = np.arange(HEIGHT, dtype=np.float32)[:, None]
    slow = Image.fromarray(generator.normal(0, 1, (12, 4)).astype(np.float32)).resize((WIDTH, HEIGHT), 3)
    rings = np.sin((y + 30 * np.asarray(slow)) / generator.uniform(5, 11)) * 9
    fibres = Image.fromarray(generator.normal(0, 9, (HEIGHT, WIDTH // 32)).astype(np.float32)).resize((WIDTH, HEIGHT))
    gaps = np.where(y % generator.integers(150, 260) < 4, -50, 0)
    board = base + (rings + np.asarray(fibres) + gaps)[..., None]
    return board if generator.random() < 0.5 else np.asarray(board[:, ::-1])


def lit(generator: Generator, canvas: np.ndarray, strength: float = 0.3) -> np.ndarray:
    """A lamp at one side."""
    y, x = np.mgrid[-1 : 1 : canvas.shape[0] * 1j, -1 : 1 : canvas.shape[1] * 1j]
    angle = generator.uniform(0, 2 * np.pi)
    return canvas * (1 - strength * (0.5 + 0.5 * (np.cos(angle) * x + np.sin(angle) * y)))[..., None]


def pen(generator: Generator) -> tuple[int, int, int]:
    return [(30, 35, 90), (25, 25, 28), (40, 60, 150), (60, 20, 20)][generator.integers(4)]


def tilted(ink: Image.Image, degrees: float) -> Image.Image:
    return ink.rotate(degrees, Image.Resampling.BICUBIC, expand=True)


def sized(ink: Image.Image, longer: float) -> Image.Image:
    scale = longer / max(ink.size)
    return ink.resize([max(1, round(side * scale)) for side in ink.size], Image.Resampling.LANCZOS)


def put(canvas: np.ndarray, mask: Image.Image, left: float, top: float, colour) -> np.ndarray:
    """A colour, or a canvas of the mask's size, through a mask; what lies outside is cut."""
    whole = Image.new("L", (canvas.shape[1], canvas.shape[0]))
    whole.paste(mask, (round(left), round(top)))
    share = np.asarray(whole, np.float32)[..., None] / 255
    if isinstance(colour, np.ndarray) and colour.ndim == 3:
        moved = np.zeros_like(canvas)
        y, x = max(0, round(top)), max(0, round(left))
        part = colour[y - round(top) :, x - round(left) :][: canvas.shape[0] - y, : canvas.shape[1] - x]
        moved[y : y + part.shape[0], x : x + part.shape[1]] = part
        colour = moved
    return canvas * (1 - share) + np.asarray(colour, np.float32) * share


def written(
    generator: Generator,
    canvas: np.ndarray,
    ink: Image.Image,
    share=(0.3, 0.55),
    colour=None,
    room=(0.08, 0.08, 0.92, 0.92),
) -> np.ndarray:
    """The digit somewhere in a part of the canvas (left, top, right, bottom as shares); its size as a share of it."""
    h, w = canvas.shape[:2]
    left, top, right, bottom = room[0] * w, room[1] * h, room[2] * w, room[3] * h
    digit = sized(ink, generator.uniform(*share) * min(right - left, bottom - top))
    x = generator.uniform(left, max(left, right - digit.width))
    y = generator.uniform(top, max(top, bottom - digit.height))
    return put(canvas, digit, x, y, pen(generator) if colour is None else colour)


def lines(canvas: np.ndarray, boxes, colour, width: int = 1) -> np.ndarray:
    mask = Image.new("L", (canvas.shape[1], canvas.shape[0]))
    draw = ImageDraw.Draw(mask)
    for box in boxes:
        draw.line(box, fill=255, width=width)
    return put(canvas, mask, 0, 0, colour)


def printed(canvas: np.ndarray, places, size: int, colour, generator: Generator) -> np.ndarray:
    """Lines of words, each at (left, top, characters)."""
    mask = Image.new("L", (canvas.shape[1], canvas.shape[0]))
    draw, font = ImageDraw.Draw(mask), ImageFont.load_default(size)
    for left, top, characters in places:
        text = " ".join(generator.choice(WORDS, 30))[:characters]
        draw.text((left, top), text, fill=255, font=font)
    return put(canvas, mask, 0, 0, colour)


def quadrilateral(generator: Generator, bend: float, room=(0.12, 0.1, 0.88, 0.9)) -> list[tuple[float, float]]:
    """A sheet's corners on the photo, clockwise from the top left, each moved by up to `bend` of the height."""
    corners = [(room[0], room[1]), (room[2], room[1]), (room[2], room[3]), (room[0], room[3])]
    bends = generator.uniform(-bend, bend, (4, 2))
    return [(WIDTH * x + HEIGHT * dx, HEIGHT * (y + dy)) for (x, y), (dx, dy) in zip(corners, bends, strict=True)]


def laid(desk: np.ndarray, sheet: np.ndarray, corners: list[tuple[float, float]]) -> np.ndarray:
    """A sheet seen in perspective on a desk, with a soft shadow around it."""
    h, w = sheet.shape[:2]
    target = [(0, 0), (w, 0), (w, h), (0, h)]
    rows = []
    for (x, y), (u, v) in zip(corners, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    solved = np.linalg.solve(np.array(rows, float), np.array(target, float).ravel())
    size = (desk.shape[1], desk.shape[0])
    picture = Image.fromarray(sheet.clip(0, 255).astype(np.uint8))
    seen = picture.transform(size, Image.Transform.PERSPECTIVE, solved, Image.Resampling.BICUBIC)
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).polygon(corners, fill=255)
    shadow = Image.new("L", size)
    shadow.paste(mask.filter(ImageFilter.GaussianBlur(9)), (7, 9))
    dim = 1 - 0.45 * np.asarray(shadow, np.float32)[..., None] / 255
    return put(desk * dim, mask.filter(ImageFilter.GaussianBlur(0.8)), 0, 0, np.asarray(seen, np.float32))


def camera(
    generator: Generator, canvas: np.ndarray, noise: float = 4, quality: int = 88, blur: float = 0.6, **options
) -> bytes:
    """A JPEG as a phone makes it."""
    soft = np.asarray(
        Image.fromarray(canvas.clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(blur)), np.float32
    )
    noisy = (soft + generator.normal(0, noise, soft.shape)).clip(0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(noisy).save(file, "JPEG", quality=quality, **options)
    return file.getvalue()


def screenshot(canvas: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(canvas.clip(0, 255).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


# ---- the thirty kinds


@kind("clean paper")
def clean_paper(g: Generator, ink: Image.Image) -> bytes:
    return camera(g, lit(g, written(g, paper(g), ink)))


@kind("shadow or vignette")
def shadow(g: Generator, ink: Image.Image) -> bytes:
    canvas = written(g, paper(g), ink, room=(0.2, 0.15, 0.8, 0.85))
    if g.random() < 0.4:
        y, x = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
        return camera(g, canvas / (1 + (g.uniform(0.8, 1.2) * (x**2 + y**2)) ** 2)[..., None])
    mask = Image.new("L", (WIDTH, HEIGHT))
    x = g.uniform(200, 800)
    ImageDraw.Draw(mask).polygon([(x, 0), (WIDTH, 0), (WIDTH, HEIGHT), (x + g.uniform(-300, 300), HEIGHT)], fill=255)
    dark = np.asarray(mask.filter(ImageFilter.GaussianBlur(25)), np.float32)[..., None] / 255
    return camera(g, lit(g, canvas * (1 - 0.4 * dark), 0.15))


@kind("ruled paper")
def ruled(g: Generator, ink: Image.Image) -> bytes:
    step, first = g.integers(45, 70), g.integers(0, 45)
    canvas = lines(paper(g), [(0, y, WIDTH, y) for y in range(first, HEIGHT, step)], (150, 175, 215), 2)
    return camera(g, lit(g, written(g, canvas, ink)))


@kind("squared paper")
def squared(g: Generator, ink: Image.Image) -> bytes:
    step = int(g.integers(28, 45))
    grid = [(0, y, WIDTH, y) for y in range(9, HEIGHT, step)] + [(x, 0, x, HEIGHT) for x in range(9, WIDTH, step)]
    return camera(g, lit(g, written(g, lines(paper(g), grid, (165, 190, 215), 2), ink)))


@kind("whiteboard")
def whiteboard(g: Generator, ink: Image.Image) -> bytes:
    canvas = surface(g, (225, 230, 233), 2)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    glare = np.exp(-(((x - g.uniform(0, WIDTH)) / 260) ** 2) - ((y - g.uniform(0, HEIGHT)) / 200) ** 2)
    canvas = lit(g, canvas, 0.3) + 45 * glare[..., None]
    return camera(g, written(g, canvas, ink, colour=[(20, 20, 25), (20, 50, 150), (160, 25, 30)][g.integers(3)]))


@kind("blackboard")
def blackboard(g: Generator, ink: Image.Image) -> bytes:
    board = lit(g, surface(g, (48, 62, 54), 4), 0.3)
    return camera(g, written(g, board, ink, colour=(225, 225, 215)))


@kind("thumb in the corner")
def thumb(g: Generator, ink: Image.Image) -> bytes:
    canvas = written(g, paper(g), ink, room=(0.08, 0.08, 0.7, 0.7))
    mask = Image.new("L", (WIDTH, HEIGHT))
    x, y, r = WIDTH - g.uniform(20, 90), HEIGHT - g.uniform(20, 90), g.uniform(110, 170)
    ImageDraw.Draw(mask).ellipse((x - r, y - r * 0.8, x + 2 * r, y + r * 2), fill=255)
    return camera(g, lit(g, put(canvas, mask.filter(ImageFilter.GaussianBlur(3)), 0, 0, (205, 150, 125))))


@kind("JPEG quality 30")
def jpeg(g: Generator, ink: Image.Image) -> bytes:
    return camera(g, lit(g, written(g, paper(g), ink)), quality=30)


@kind("EXIF turned")
def exif_turned(g: Generator, ink: Image.Image) -> bytes:
    canvas = lit(g, written(g, paper(g), ink))
    exif = Image.Exif()
    turn = int(g.integers(1, 4))
    exif[0x0112] = {1: 6, 2: 3, 3: 8}[turn]  # the viewer turns it clockwise by 90°, 180°, 270°
    return camera(g, np.rot90(canvas, turn), exif=exif)


@kind("blur")
def blurred(g: Generator, ink: Image.Image) -> bytes:
    return camera(g, lit(g, written(g, paper(g), ink)), blur=g.uniform(4, 7))


@kind("noise")
def noisy(g: Generator, ink: Image.Image) -> bytes:
    return camera(g, lit(g, 0.7 * written(g, paper(g), ink)), noise=g.uniform(18, 28), quality=75)


@kind("low contrast")
def pale(g: Generator, ink: Image.Image) -> bytes:
    level = g.uniform(150, 180)
    return camera(g, lit(g, written(g, paper(g), ink, colour=(level, level, level + 8)), 0.2))


@kind("tilted by 15°")
def tilt(g: Generator, ink: Image.Image) -> bytes:
    return camera(g, lit(g, written(g, paper(g), tilted(ink, 15 * g.choice([-1, 1])))))


@kind("sheet on wood")
def on_wood(g: Generator, ink: Image.Image) -> bytes:
    sheet = written(g, paper(g, (700, 560)), ink)
    return camera(g, lit(g, laid(wood(g), sheet, quadrilateral(g, 0.05))))


@kind("sheet on a black desk")
def on_black(g: Generator, ink: Image.Image) -> bytes:
    desk = surface(g, (g.uniform(15, 45),) * 3, 3)
    sheet = written(g, paper(g, (700, 560)), ink)
    room = [(0.15, 0.1, 0.85, 0.9), (-0.1, 0.2, 0.7, 1.2), (0.3, -0.1, 1.1, 0.8), (0.1, 0.2, 0.9, 1.1)][g.integers(4)]
    return camera(g, lit(g, laid(desk, sheet, quadrilateral(g, 0.04, room))))


@kind("a form's box")
def form_box(g: Generator, ink: Image.Image) -> bytes:
    side = g.uniform(260, 420)
    left, top = g.uniform(60, WIDTH - side - 60), g.uniform(120, HEIGHT - side - 60)
    canvas = printed(paper(g), [(60, 40, 30)], 28, (30, 30, 30), g)
    corners = [(left, top), (left + side, top), (left + side, top + side), (left, top + side), (left, top)]
    canvas = lines(canvas, [corners], (25, 25, 25), int(g.integers(3, 8)))
    room = ((left + 20) / WIDTH, (top + 20) / HEIGHT, (left + side - 20) / WIDTH, (top + side - 20) / HEIGHT)
    return camera(g, lit(g, written(g, canvas, ink, (0.6, 0.85), room=room)))


@kind("digit in an editor")
def editor(g: Generator, ink: Image.Image) -> bytes:
    """An image editor: tools at the left, a canvas with the digit on grey, a status line."""
    canvas = np.full((HEIGHT, WIDTH, 3), g.choice([60, 90, 200]), np.float32)
    canvas[:56] = canvas[-30:] = canvas[:, :64] = (235, 235, 238)
    icons = [box for y in range(80, 620, 48) for box in [(18, y, 46, y), (18, y + 24, 46, y), (18, y, 18, y + 24)]]
    canvas = lines(canvas, icons, (70, 70, 75), 2)
    canvas = printed(canvas, [(14, 6, 38), (14, 30, 50), (90, HEIGHT - 26, 24)], 15, (40, 40, 40), g)
    side = int(g.integers(340, 560))
    left, top = int(g.integers(90, WIDTH - side - 20)), int(g.integers(80, HEIGHT - side - 40))
    dark = g.random() < 0.4
    canvas[top : top + side, left : left + side] = 0 if dark else 255
    room = (left / WIDTH, top / HEIGHT, (left + side) / WIDTH, (top + side) / HEIGHT)
    return screenshot(written(g, canvas, ink, (0.5, 0.8), (255,) * 3 if dark else (0,) * 3, room))


@kind("matplotlib figure")
def figure(g: Generator, ink: Image.Image) -> bytes:
    """imshow of the 28 × 28 image: hard pixels, axes with ticks and numbers, a title; grey or viridis."""
    canvas = np.full((480, 640, 3), 255, np.float32)
    small = np.zeros((28, 28), np.float32)
    digit = np.asarray(sized(ink, 20), np.float32)
    h, w = digit.shape
    small[14 - h // 2 : 14 - h // 2 + h, 14 - w // 2 : 14 - w // 2 + w] = digit
    pixels = small.repeat(13, 0).repeat(13, 1)[..., None] / 255
    ends = [((0, 0, 0), (255, 255, 255)), ((68, 1, 84), (253, 231, 37)), ((255, 255, 255), (0, 0, 0))][g.integers(3)]
    left, top, side = 140, 58, 364
    canvas[top : top + side, left : left + side] = np.array(ends[0]) * (1 - pixels) + np.array(ends[1]) * pixels
    box = [(left, top, left + side, top), (left, top, left, top + side)]
    box += [(left + side, top, left + side, top + side), (left, top + side, left + side, top + side)]
    steps = range(0, 28, 5)
    box += [(left - 5, top + 13 * i + 6, left, top + 13 * i + 6) for i in steps]
    box += [(left + 13 * i + 6, top + side, left + 13 * i + 6, top + side + 5) for i in steps]
    canvas = lines(canvas, box, (0, 0, 0))
    mask = Image.new("L", (640, 480))
    draw, font = ImageDraw.Draw(mask), ImageFont.load_default(14)
    for i in steps:
        draw.text((left - 9, top + 13 * i + 6), str(i), fill=255, font=font, anchor="rm")
        draw.text((left + 13 * i + 6, top + side + 8), str(i), fill=255, font=font, anchor="mt")
    draw.text((left + side / 2, top - 8), "test image, label", fill=255, font=ImageFont.load_default(17), anchor="mb")
    return screenshot(put(canvas, mask, 0, 0, (0, 0, 0)))


@kind("whole window")
def window(g: Generator, ink: Image.Image) -> bytes:
    """A viewer's window on a desktop: title bar with buttons, a menu, the picture in the middle."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    canvas = np.stack([60 + x / 12, 90 + y / 9, 140 + (x + y) / 20], -1).astype(np.float32)
    dark = g.random() < 0.5
    left, top, right, bottom = 40 + g.integers(0, 60), 30 + g.integers(0, 50), WIDTH - 50, HEIGHT - 60
    canvas[top:bottom, left:right] = (30, 30, 32) if dark else (245, 245, 246)
    canvas[top : top + 34, left:right] = (52, 52, 56) if dark else (214, 214, 218)
    words = (225, 225, 225) if dark else (40, 40, 40)
    canvas = printed(canvas, [(left + 330, top + 8, 26), (left + 12, top + 42, 34)], 15, words, g)
    buttons = [(right - 30 * i, top + 12, right - 30 * i + 12, top + 24) for i in (1, 2, 3)]
    canvas = lines(canvas, [*buttons, (right - 18, top + 12, right - 30, top + 24)], words, 2)
    room = (left / WIDTH, (top + 70) / HEIGHT, right / WIDTH, (bottom - 10) / HEIGHT)
    if g.random() < 0.5:  # the picture has an own background
        side = bottom - top - 110
        x0, y0 = (left + right - side) // 2, top + 85
        canvas[y0 : y0 + side, x0 : x0 + side] = 255 if dark else 0
        room, dark = (x0 / WIDTH, y0 / HEIGHT, (x0 + side) / WIDTH, (y0 + side) / HEIGHT), not dark
    return screenshot(written(g, canvas, ink, (0.45, 0.75), (240,) * 3 if dark else (10,) * 3, room))


@kind("smeared chalkboard")
def smeared(g: Generator, ink: Image.Image) -> bytes:
    """What was wiped off is still there as pale sweeps; the chalk has gaps."""
    board = lit(g, surface(g, (46, 60, 52), 5), 0.3)
    mask = Image.new("L", (WIDTH, HEIGHT))
    draw = ImageDraw.Draw(mask)
    for _ in range(int(g.integers(6, 11))):
        points = [tuple(g.uniform((0, 0), (WIDTH, HEIGHT)))]
        for _ in range(3):
            points.append(tuple(np.array(points[-1]) + g.uniform(-260, 260, 2)))
        draw.line(points, fill=int(g.integers(60, 150)), width=int(g.integers(30, 90)), joint="curve")
    board = put(board, mask.filter(ImageFilter.GaussianBlur(14)), 0, 0, (150, 155, 150))
    digit = np.asarray(ink, np.float32) * g.uniform(0.5, 1.0, ink.size[::-1])
    return camera(g, written(g, board, Image.fromarray(digit.astype(np.uint8)), colour=(235, 235, 228)))


@kind("turned by 90° without EXIF")
def turned(g: Generator, ink: Image.Image) -> bytes:
    return camera(g, np.rot90(lit(g, written(g, paper(g), ink)), g.choice([1, 3])))


@kind("two digits")
def two_digits(g: Generator, ink: Image.Image) -> bytes:
    """The same digit again, at 0.55 to 0.75 of its size: what is meant is the larger."""
    size = g.uniform(240, 330)
    canvas, colour = paper(g), pen(g)
    x, y = g.uniform(60, 180), g.uniform(80, 330)
    canvas = put(canvas, sized(ink, size), x, y, colour)
    other = sized(ink.transpose(Image.Transpose.FLIP_LEFT_RIGHT), size * g.uniform(0.55, 0.75))
    return camera(g, lit(g, put(canvas, other, g.uniform(580, 750), g.uniform(80, 450), colour)))


@kind("print around it")
def print_around(g: Generator, ink: Image.Image) -> bytes:
    above = [(80, 30 + 38 * i, int(g.integers(40, 58))) for i in range(int(g.integers(1, 5)))]
    below = [(80, 640 + 38 * i, int(g.integers(30, 58))) for i in range(3)]
    places = [above, below, above + below][g.integers(3)]
    canvas = printed(paper(g), places, int(g.integers(22, 34)), (35, 35, 35), g)
    return camera(g, lit(g, written(g, canvas, ink, (0.5, 0.8), room=(0.08, 0.28, 0.92, 0.8))))


@kind("small figure in a black frame")
def black_frame(g: Generator, ink: Image.Image) -> bytes:
    """A letterboxed picture: black bars on all sides of the paper."""
    canvas = paper(g)
    canvas = written(g, canvas, ink, (0.18, 0.3), room=(0.25, 0.25, 0.75, 0.75))
    across, down = int(g.integers(40, 190)), int(g.integers(40, 150))
    canvas[:down] = canvas[-down:] = canvas[:, :across] = canvas[:, -across:] = 0
    return screenshot(canvas)


@kind("coloured pen")
def coloured(g: Generator, ink: Image.Image) -> bytes:
    colour = [(210, 40, 45), (35, 140, 70), (235, 120, 30), (60, 130, 220), (150, 60, 170)][g.integers(5)]
    return camera(g, lit(g, written(g, paper(g), ink, colour=colour)))


@kind("perspective")
def perspective(g: Generator, ink: Image.Image) -> bytes:
    """A sheet seen at a slant from its lower edge."""
    desk = wood(g) if g.random() < 0.5 else surface(g, (95, 100, 105), 3)
    pinch = g.uniform(0.08, 0.16)
    corners = [(0.08 + pinch, 0.18), (0.92 - pinch, 0.18), (0.95, 0.92), (0.05, 0.92)]
    sheet = written(g, paper(g, (800, 640)), ink, (0.4, 0.6), room=(0.15, 0.15, 0.85, 0.85))
    return camera(g, lit(g, laid(desk, sheet, [(x * WIDTH, y * HEIGHT) for x, y in corners])))


@kind("sticky note")
def sticky(g: Generator, ink: Image.Image) -> bytes:
    desk = wood(g) if g.random() < 0.5 else surface(g, (g.uniform(120, 230),) * 3, 3)
    note = surface(g, [(250, 235, 110), (255, 175, 200), (170, 225, 150)][g.integers(3)], 1.5, (420, 420))
    note = written(g, note, ink, (0.5, 0.75))
    x, y, side = g.uniform(0.1, 0.5), g.uniform(0.05, 0.3), g.uniform(0.5, 0.6)
    return camera(g, lit(g, laid(desk, note, quadrilateral(g, 0.03, (x, y, x + side * HEIGHT / WIDTH, y + side)))))


@kind("pencil")
def pencil(g: Generator, ink: Image.Image) -> bytes:
    """A thin pale line: only the outline's middle is left of the ink."""
    thin = ink
    for _ in range(int(g.integers(3, 5))):
        thin = thin.filter(ImageFilter.MinFilter(5))
    grain = np.asarray(thin, np.float32) * g.uniform(0.55, 1.0, thin.size[::-1])
    level = g.uniform(105, 140)
    return camera(g, lit(g, written(g, paper(g), Image.fromarray(grain.astype(np.uint8)), colour=(level,) * 3)))


@kind("sheet with a finger")
def finger(g: Generator, ink: Image.Image) -> bytes:
    desk = surface(g, (g.uniform(70, 120),) * 3, 3)
    sheet = written(g, paper(g, (700, 560)), ink, room=(0.08, 0.08, 0.65, 0.92))
    canvas = laid(desk, sheet, quadrilateral(g, 0.04))
    mask = Image.new("L", (WIDTH, HEIGHT))
    y = g.uniform(250, 550)
    ImageDraw.Draw(mask).rounded_rectangle((g.uniform(690, 760), y, WIDTH + 60, y + g.uniform(80, 110)), 50, fill=255)
    return camera(g, lit(g, put(canvas, mask.filter(ImageFilter.GaussianBlur(2)), 0, 0, (200, 145, 120))))


@kind("two papers")
def two_papers(g: Generator, ink: Image.Image) -> bytes:
    """One is blank and lies partly under the one that is written on."""
    desk = wood(g) if g.random() < 0.5 else surface(g, (50, 55, 60), 3)
    canvas = laid(desk, paper(g, (500, 400)), quadrilateral(g, 0.05, (0.45, 0.05, 1.05, 0.6)))
    sheet = written(g, paper(g, (560, 560)), ink, (0.4, 0.65))
    return camera(g, lit(g, laid(canvas, sheet, quadrilateral(g, 0.04, (0.06, 0.25, 0.62, 0.95)))))
