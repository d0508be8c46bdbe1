"""How many photos and screenshots of a digit become the digit: 30 kinds (see scenes.py) of 6 of MNIST's test images.

Found: the correlation of x (before it is made black and white) with the test image that the photo was made from is at
least 0.75 in the best of all shifts by up to 2 pixels. Drift is the distance of mu from the clean image's mu by the
bundled model, in its standard deviations over the test images, the median of 6. Doubt is how many were said to be in
doubt; a kind is good where 5 of 6 are found, and honest where every one that is not found is in doubt.
A photo that was turned without a note of it looks like any other: its pixels do not say which side is up. There
the doubt is the model's: another side up, x has a higher ELBO by 10 nats (`training/turn.py`).

    python benchmarks/photos.py [--quick] [--json] [--seed S] [--only PATTERN] [--pictures FOLDER]
"""

import re
import statistics
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from report import Figure, options, progress, show
from scenes import KINDS, ink_of

from vae_explorer.core.vae import VAE
from vae_explorer.data import bundled, picture
from vae_explorer.data.preprocess import Prepared, prepare, to_x
from vae_explorer.training import model_file, models
from vae_explorer.training.model_file import ModelInfo
from vae_explorer.training.turn import doubt_about_turn

DIGITS, QUICK_DIGITS = 6, 2  # photos of a kind
FOUND = 0.75  # correlation
SHIFT = 2  # pixels
TURNS = {"tilted by 15°": (-15, 15)}  # of the clean image, where the digit itself is to stay as it was written
AIM_FOUND, AIM_KINDS = 5, 26
LONG_SIDE = 320  # pixels of a photo on a sheet


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo, what came of it, and how near that is to the test image."""

    source: picture.Picture
    prepared: Prepared
    correlation: float
    others: float  # the best correlation among the other candidates
    drift: float
    doubt: str
    seconds: float

    @property
    def is_found(self) -> bool:
        return self.correlation >= FOUND

    @property
    def is_honest(self) -> bool:
        return self.is_found or bool(self.doubt)


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--seed", type=int, default=0, help="other digits, places, colours, light and noise")
    parser.add_argument("--only", default="", help="kinds that this regular expression finds")
    parser.add_argument("--pictures", type=Path, help="a folder for one sheet of each kind: photos, and what x became")
    chosen = parser.parse_args()
    model, info = model_file.load(models.find("mnist"))
    assert info.preparation is not None
    kinds = [name for name in KINDS if re.search(chosen.only, name)]
    count = QUICK_DIGITS if chosen.quick else DIGITS
    results: dict[str, list[Photo]] = {}
    for name in kinds:
        progress(name)
        results[name] = [_photo(name, i, chosen.seed, model, info) for i in range(count)]
        if chosen.pictures:
            _sheet(results[name], chosen.pictures / (re.sub(r"\W+", "-", name) + ".png"))
    progress("")
    good = [name for name, photos in results.items() if sum(p.is_found for p in photos) >= AIM_FOUND * count / DIGITS]
    honest = [name for name, photos in results.items() if name in good or all(p.is_honest for p in photos)]
    every = [p for photos in results.values() for p in photos]
    wrong = sum(not p.is_honest for p in every)
    needless = sum(p.is_found and bool(p.doubt) for p in every)
    figures = [
        *(Figure(name, sum(p.is_found for p in photos), f"of {count}") for name, photos in results.items()),
        Figure("kinds found 5 of 6", len(good), f"of {len(kinds)}", (">=", AIM_KINDS * len(kinds) / len(KINDS))),
        Figure("kinds found, or in doubt", len(honest), f"of {len(kinds)}", (">=", len(kinds))),
        Figure("photos not found and not in doubt", wrong, f"of {len(every)}"),
        Figure("photos found and in doubt", needless, f"of {len(every)}"),
        Figure("time of one, median", 1000 * statistics.median(p.seconds for p in every), "ms"),
        Figure("time of one, slowest", 1000 * max(p.seconds for p in every), "ms"),
    ]
    notes = [f"seed {chosen.seed}; photos of up to 1024 × 768 pixels; the model is {info.data}'s"]
    notes += [_line(name, photos) for name, photos in results.items()]
    show("photos", figures, notes, as_json=chosen.json)


def _photo(name: str, i: int, seed: int, model: VAE, info: ModelInfo) -> Photo:
    tests = bundled.tests_of("mnist")
    assert tests is not None
    assert info.preparation is not None
    generator = np.random.default_rng([seed, i, zlib.crc32(name.encode())])
    clean = tests.images[int(generator.integers(len(tests)))]
    source = picture.read(KINDS[name](generator, ink_of(clean[0])), f"{name} {i}")
    meant = [
        np.asarray(Image.fromarray(clean[0]).rotate(turn, Image.Resampling.BICUBIC)) for turn in TURNS.get(name, (0,))
    ]

    def likeness(prepared: Prepared) -> float:
        return max(correlation(prepared.grey[0], image) for image in meant)

    start = time.perf_counter()
    prepared = prepare(source, info.preparation)
    seconds = time.perf_counter() - start
    others = [prepare(source, info.preparation, frame=frame) for frame in prepared.candidates[1:]]
    with torch.inference_mode():
        every = model.encode(torch.from_numpy(to_x(tests.images[:200], info.preparation))).mu.numpy()
        both = np.stack([prepared.x, to_x(clean[None], info.preparation)[0]])
        mu = model.encode(torch.from_numpy(both)).mu.numpy()
    return Photo(
        source,
        prepared,
        likeness(prepared),
        max(map(likeness, others), default=0.0),
        float(np.sqrt(np.mean(((mu[0] - mu[1]) / every.std(0)) ** 2))),
        prepared.doubt or doubt_about_turn(model, info.card, prepared, info.preparation),
        seconds,
    )


def correlation(x: np.ndarray, clean: np.ndarray) -> float:
    """Pearson's, the best over all shifts by up to SHIFT pixels; an x of one level correlates with nothing."""
    padded = np.pad(x.astype(float), SHIFT)
    h, w = clean.shape
    shifted = [padded[i : i + h, j : j + w] for i in range(2 * SHIFT + 1) for j in range(2 * SHIFT + 1)]
    return max((float(np.corrcoef(s.ravel(), clean.ravel())[0, 1]) for s in shifted if s.std() > 0), default=0.0)


def _line(name: str, photos: list[Photo]) -> str:
    mean = statistics.fmean(p.correlation for p in photos)
    drift = statistics.median(p.drift for p in photos)
    doubts = sum(bool(p.doubt) for p in photos)
    other = sum(not p.is_found and p.others >= FOUND for p in photos)
    each = " ".join(f"{p.correlation:.2f}{'?' * bool(p.doubt)}" for p in photos)
    return f"{name:<28} correlation {mean:.2f}  drift {drift:.2f}  doubt {doubts}  other candidate {other}  [{each}]"


def _sheet(photos: list[Photo], path: Path) -> None:
    """The photos with their candidates (the used one in red), below each its x, four times as large."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet = Image.new("RGB", ((LONG_SIDE + 8) * len(photos), LONG_SIDE + 150), "white")
    draw = ImageDraw.Draw(sheet)
    for i, p in enumerate(photos):
        image = picture.as_image(p.source.pixels).convert("RGB")
        scale = LONG_SIDE / max(image.size)
        for frame in p.prepared.candidates[::-1]:
            box = (frame.left, frame.top, frame.left + frame.width - 1, frame.top + frame.height - 1)
            colour = "red" if frame == p.prepared.frame else "orange"
            ImageDraw.Draw(image).rectangle(box, outline=colour, width=max(1, round(2 / scale)))
        image.thumbnail((LONG_SIDE, LONG_SIDE))
        x = Image.fromarray(p.prepared.grey[0]).resize((112, 112), Image.Resampling.NEAREST)
        sheet.paste(image, (i * (LONG_SIDE + 8), 0))
        sheet.paste(x, (i * (LONG_SIDE + 8), LONG_SIDE + 4))
        words = f"{p.correlation:.2f}\n" + p.doubt.replace(": ", ":\n").replace("; ", ";\n")
        draw.text((i * (LONG_SIDE + 8) + 118, LONG_SIDE + 8), words, fill="black")
    sheet.save(path)


if __name__ == "__main__":
    main()
