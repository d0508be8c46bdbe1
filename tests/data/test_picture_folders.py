"""Folders of pictures as other people have them: what becomes of their sizes, colours, parts and classes is said."""

import io
import json
import threading
from contextlib import closing

import numpy as np
import pytest
from PIL import Image

from vae_explorer.core.progress import finish
from vae_explorer.data.container import DataError
from vae_explorer.data.files import read
from vae_explorer.data.formats.folder import decoding, said
from vae_explorer.data.reading import Reading

RNG = np.random.default_rng(1)
PIXELS = RNG.integers(0, 256, (40, 12, 10), dtype=np.uint8)  # n h w


def picture(pixels: np.ndarray, form: str = "PNG", **how) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form, **how)
    return file.getvalue()


def flat(height: int, width: int, level: int = 7) -> bytes:
    return picture(np.full((height, width), level, np.uint8))


def put(folder, files: dict[str, bytes]):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def loaded(folder, files: dict[str, bytes], **reading):
    return finish(read(put(folder, files), Reading(**reading)))


def some(names) -> dict[str, bytes]:
    """A picture for each name, all different."""
    return {name: picture(PIXELS[i % 40]) for i, name in enumerate(names)}


def labels(part) -> list[str]:
    return [part.classes[i] if part.classes else i for i in part.labels.tolist()]


# --- sizes


def test_one_picture_of_another_size_leaves_the_others_as_they_are(tmp_path):
    files = {f"{i:02}.png": picture(PIXELS[i]) for i in range(39)} | {"odd.png": flat(33, 33)}
    data = loaded(tmp_path, files)
    assert data.train.images.shape == (40, 1, 12, 10)
    assert np.array_equal(data.train.images[:39, 0], PIXELS[:39])
    assert (data.train.images[39] == 7).all()
    resized = next(note for note in data.notes if note.switch == "size")
    assert resized.sentence == "1 of 40 pictures was resized to 10 × 12, from 33 × 33"
    assert [(one.path.name, one.reason) for one in resized.files] == [("odd.png", "odd.png: 33 × 33")]
    assert data.sizes == {(10, 12): 39, (33, 33): 1}


@pytest.mark.parametrize("order", [1, -1], ids=["small first", "large first"])
def test_the_size_that_most_have_is_found_wherever_they_are(tmp_path, order):
    sizes = [(16, 16)] * 30 + [(20, 20)] * 40
    data = loaded(tmp_path, {f"{i:02}.png": flat(*size) for i, size in enumerate(sizes[::order])})
    assert data.image_shape[1:] == (20, 20)


def test_a_size_can_be_chosen(tmp_path):
    data = loaded(tmp_path, {"a.png": flat(100, 300), "b.png": flat(100, 300)}, size=96)
    assert data.train.images.shape == (2, 1, 32, 96)
    assert data.reading.size == 96


def test_wide_pictures_are_cropped_padded_or_distorted_and_what_they_lose_is_said(tmp_path):
    wide = np.zeros((20, 300), np.uint8)
    wide[:, 140:160] = 255  # the middle square
    files = {f"{i}.png": flat(32, 32) for i in range(3)} | {"wide.png": picture(wide)}
    cropped, padded, distorted = (loaded(tmp_path, files, fit=fit) for fit in ("crop", "pad", "stretch"))
    assert (cropped.train.images[3] == 255).all()
    assert [note.sentence for note in cropped.notes if note.switch == "fit"] == [
        "1 of 4 pictures was cropped to the middle; 1 of them lost more than half"
    ]
    assert padded.train.images[3, 0, :15].max() == padded.train.images[3, 0, 17:].max() == 0  # 2 rows of 32 are left
    assert padded.train.images[3, 0, 15:17, 15:17].min() > 200
    assert (padded.train.images[3, 0, 16, :12] == 0).all()
    assert [note.sentence for note in padded.notes if note.switch == "fit"] == [
        "1 of 4 pictures was given a black border"
    ]
    assert distorted.train.images[3, 0, 16].astype(int).sum() == pytest.approx(32 * 255 * 20 / 300, rel=0.1)
    assert [note.switch for note in distorted.notes] == ["size", "fit"]


def test_nothing_is_said_where_nothing_is_done(tmp_path):
    data = loaded(tmp_path, some(f"{i}.png" for i in range(5)))
    assert (data.notes, data.skipped) == ((), ())


# --- backgrounds, values, colour


def emoji(level: int, *, half: bool) -> bytes:
    """A square of one grey level, on a transparent ground of black."""
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[4:12, 4:12] = (level, level, level // 2, 128 if half else 255)
    return picture(pixels)


@pytest.mark.parametrize(("levels", "background"), [((250, 240, 20), "black"), ((10, 20, 250), "white")])
def test_transparent_pictures_get_one_background_from_which_most_stand_out(tmp_path, levels, background):
    data = loaded(tmp_path, {f"{i}.png": emoji(level, half=False) for i, level in enumerate(levels)})
    behind = 0 if background == "black" else 255
    assert (data.train.images[:, :, :4] == behind).all()
    assert data.train.images[:, 0, 8, 8].tolist() == list(levels)
    assert data.reading.background == background
    note = next(note for note in data.notes if note.switch == "background")
    assert note.sentence.startswith(
        f"all 3 pictures were transparent and put on a {background} background: most of what is visible is "
    )


@pytest.mark.parametrize("background", ["black", "white"])
def test_a_background_can_be_chosen_and_half_transparent_pixels_mix_with_it(tmp_path, background):
    data = loaded(tmp_path, {"a.png": emoji(200, half=True), "b.png": emoji(200, half=True)}, background=background)
    ground = 0 if background == "black" else 255
    assert abs(int(data.train.images[0, 0, 8, 8]) - (200 * 128 + ground * 127) / 255) <= 1
    assert (data.train.images[0, :, 0, 0] == ground).all()


def test_a_transparent_picture_that_is_resized_does_not_show_its_hidden_colour(tmp_path):
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[..., :3] = (255, 0, 0)  # hidden red everywhere
    pixels[16:48, 16:48] = (0, 0, 255, 255)
    files = {"big.png": picture(pixels), "a.png": flat(16, 16), "b.png": flat(16, 16)}
    image = loaded(tmp_path, files, background="white").train.images[2]
    assert image.shape == (3, 16, 16)
    assert (image[0].astype(int) <= image[2].astype(int) + 2).all()  # red nowhere more than in white
    assert np.allclose(image[:, 0, 0], 255)
    assert np.allclose(image[:, 8, 8], (0, 0, 255))


def test_deep_pictures_get_one_range_and_it_is_said(tmp_path):
    deep = np.zeros((2, 8, 8), np.uint16)
    deep[0], deep[1] = 1020, 4080
    deep[1, 0, 0] = 0
    data = loaded(tmp_path, {f"{i}.tif": picture(deep[i], "TIFF") for i in range(2)})
    assert data.train.images[0].max() == 64  # a quarter of the other
    assert data.train.images[1].max() == 255
    assert [note.sentence for note in data.notes] == ["values 0 to 4,080 were stretched to 0…255"]
    assert (data.reading.black, data.reading.white) == (0, 4080)
    again = loaded(tmp_path / "other", {"dark.tif": picture(deep[0], "TIFF")}, white=4080.0, black=0.0)
    assert again.train.images.max() == 64  # the range is kept for other pictures


def test_the_range_is_of_all_pictures_though_the_way_is_guessed_from_some(tmp_path):
    deep = np.repeat(np.arange(1, 101, dtype=np.uint16)[:, None, None] * 40, 8, axis=1).repeat(8, axis=2)
    deep[:, 0, 0] = 0
    deep = RNG.permutation(deep)
    data = loaded(tmp_path, {f"{i:03}.tif": picture(one, "TIFF") for i, one in enumerate(deep)})
    assert np.array_equal(data.train.images[:, 0], np.rint(deep * (255 / 4000)).astype(np.uint8))


def test_values_that_are_no_numbers_leave_their_picture_out(tmp_path):
    fine, broken = np.zeros((2, 8, 8), np.float32)
    fine[0], broken[0, :3] = 1, np.nan
    data = loaded(tmp_path, {"a.tif": picture(fine, "TIFF"), "b.tif": picture(broken, "TIFF")})
    assert len(data.train) == 1
    assert "b.tif has 3 values that are not numbers" in data.skipped[0].reason


def test_the_last_picture_can_make_all_colour(tmp_path):
    files = some(f"{i:03}.png" for i in range(100)) | {"z.png": picture(RNG.integers(0, 256, (12, 10, 3), np.uint8))}
    data = loaded(tmp_path, files)
    assert data.train.images.shape == (101, 3, 12, 10)
    assert np.array_equal(data.train.images[:40, 1], PIXELS)
    assert [note.sentence for note in data.notes] == [
        "100 of 101 pictures were grey and converted to colour, because others are in colour"
    ]


def test_turned_pictures_and_animations_are_said(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    frames = [Image.fromarray(PIXELS[i]) for i in range(3)]
    animation = io.BytesIO()
    frames[0].save(animation, "GIF", save_all=True, append_images=frames[1:])
    turned = picture(np.ascontiguousarray(np.rot90(PIXELS[0])), exif=exif)
    data = loaded(tmp_path, {"a.gif": animation.getvalue(), "b.png": turned, "c.png": picture(PIXELS[1])})
    assert np.array_equal(data.train.images[1, 0], PIXELS[0])
    said_of = {note.sentence: [one.path.name for one in note.files] for note in data.notes}
    assert said_of["1 of 3 pictures was turned upright as EXIF says"] == ["b.png"]
    assert said_of["1 of 3 pictures was reduced to the first frame or page"] == ["a.gif"]


def test_a_limit_takes_pictures_evenly(tmp_path):
    files = some(f"{part}/{name}/{i}.png" for part in ("train", "test") for name in "ab" for i in range(10))
    data = loaded(tmp_path, files, limit=8)
    assert (len(data.train), len(data.test)) == (4, 4)
    assert data.train.labels.tolist() == data.test.labels.tolist() == [0, 0, 1, 1]
    assert [(note.sentence, note.switch) for note in data.notes] == [
        ("8 of 40 files were read, evenly chosen", "limit")
    ]


def test_a_list_has_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(said, "LISTED", 2)
    files = {f"{i}.png": flat(16, 16) for i in range(9)} | {f"x{i}.png": flat(20, 20) for i in range(4)}
    (note,) = loaded(tmp_path, files).notes
    assert note.sentence.startswith("4 of 13 pictures were resized")
    assert len(note.files) == 2


# --- parts and classes


def test_labels_survive_a_validation_part_without_folders(tmp_path):
    data = loaded(tmp_path, some(["train/cat/1.png", "train/dog/2.png", "val/3.png", "val/4.png", "test/cat/5.png"]))
    assert data.classes == ("cat", "dog")
    assert data.train.labels.tolist() == [0, 1]
    assert data.test.labels.tolist() == [0]
    assert len(data.validation) == 2
    assert data.validation.labels is None
    assert [note.sentence for note in data.notes] == [
        "the pictures for validation have no labels: they are not in class folders"
    ]


def test_a_picture_outside_the_classes_is_named_where_it_costs_the_labels(tmp_path):
    data = loaded(tmp_path, some(["cat/1.png", "dog/2.png", "stray.png"]))
    assert data.train.labels is None
    (note,) = data.notes
    assert note.sentence == ("the labels of the pictures for training were left out: 1 of 3 has none")
    assert [one.path.name for one in note.files] == ["stray.png"]


def test_tiny_imagenets_classes_are_above_images_and_in_its_annotations(tmp_path):
    files = some(
        f"{part}/{name}/images/{name}_{i}.JPEG" for part in ("train",) for name in ("n01", "n02") for i in "12"
    )
    files |= some(["val/images/val_0.JPEG", "val/images/val_1.JPEG", "test/images/test_0.JPEG"])
    files["val/val_annotations.txt"] = b"val_0.JPEG\tn02\t0\t0\t62\t62\nval_1.JPEG\tn01\t1\t1\t60\t60\n"
    data = loaded(tmp_path, files)
    assert data.classes == ("n01", "n02")
    assert data.train.labels.tolist() == [0, 0, 1, 1]
    assert data.validation.labels.tolist() == [1, 0]
    assert data.test.labels is None
    assert data.skipped == ()


@pytest.mark.parametrize("above", ["{part}/images/{i}.png", "images/{part}/{i}.png"], ids=["roboflow", "ultralytics"])
def test_images_is_no_class_and_boxes_are_no_labels(tmp_path, above):
    files = some(above.format(part=part, i=i) for part in ("train", "valid", "test") for i in range(2))
    files |= {name.replace("images", "labels").replace(".png", ".txt"): b"0 .5 .5 .1 .1" for name in files}
    data = loaded(tmp_path, files)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [2, 2, 2]
    assert (data.classes, data.train.labels, data.skipped) == ((), None, ())
    assert [note.sentence for note in data.notes] == [
        "bounding boxes in “labels” were not used: they do not say the class of a whole picture"
    ]


def test_omniglots_alphabets_are_its_classes_and_its_characters_are_merged(tmp_path):
    tree = {"images_background": ["Balinese", "Greek"], "images_evaluation": ["Tibetan"]}
    files = some(
        f"{part}/{alphabet}/character0{i}/{i}.png" for part, held in tree.items() for alphabet in held for i in (1, 2)
    )
    data = loaded(tmp_path, files)
    assert data.classes == ("Balinese", "Greek", "Tibetan")
    assert (data.train.labels.tolist(), data.test.labels.tolist()) == ([0, 0, 1, 1], [2, 2])
    assert [note.sentence for note in data.notes] == [
        "3 classes have subfolders, which were merged: Balinese has character01 and character02"
    ]


@pytest.mark.parametrize("names", [("training_set", "test_set"), ("seg_train", "seg_test"), ("train2017", "testset")])
def test_folders_that_are_named_after_parts_are_no_classes(tmp_path, names):
    data = loaded(tmp_path, some(f"data/{part}/{animal}/{i}.png" for part in names for animal in "ab" for i in (0, 1)))
    assert (len(data.train), len(data.test), data.classes) == (4, 4, ("a", "b"))


def test_of_many_classes_one_may_be_called_like_a_part(tmp_path):
    data = loaded(tmp_path, some(f"{name}/0.png" for name in ("bullet train", "dev board", "cat")))
    assert data.classes == ("bullet train", "cat", "dev board")
    assert not data.skipped


def test_classes_that_are_numbers_are_in_their_order(tmp_path):
    data = loaded(tmp_path, some(f"{name}/0.png" for name in ("10", "9", "100", "b", "2")))
    assert data.classes == ("2", "9", "10", "100", "b")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("metadata.csv", b"file_name,label\n0.png,dog\n1.png,cat\n2.png,dog\n3.png,cat\n"),
        ("labels.csv", b"\xef\xbb\xbfFilename,Class\r\n./0.png,dog\r\n1.png,cat\r\n2.png,dog\r\n3.png,cat\r\n"),
        ("metadata.csv", b"file_name,text\n0.png,dog\n1.png,cat\n2.png,dog\n3.png,cat\n"),
        (
            "metadata.jsonl",
            b"\n".join(json.dumps({"file_name": f"{i}.png", "label": "dc"[i % 2]}).encode() for i in range(4)),
        ),
    ],
)
def test_labels_are_taken_from_a_table_among_the_pictures(tmp_path, name, content):
    data = loaded(tmp_path, some(f"{i}.png" for i in range(4)) | {name: content})
    assert len(data.classes) == 2
    assert data.train.labels.tolist() == [1, 0, 1, 0]
    assert data.skipped == ()
    assert data.notes[-1].sentence == f"labels were read from {name}"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"file_name,text\n0.png,a red house\n1.png,a blue house\n", "its texts describe single pictures, not classes"),
        (b"a,b\n1,2\n", "it has no columns file_name and label"),
        (b"\xff\xfe\0", "was not used"),
        (b'file_name,label\n"' + b"x" * 200_000, "was not used"),
    ],
)
def test_a_table_that_gives_no_classes_is_said(tmp_path, content, why):
    data = loaded(tmp_path, some(f"{i}.png" for i in range(2)) | {"metadata.csv": content})
    assert data.train.labels is None
    assert why in data.notes[-1].sentence


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"file_name": ' + b"9" * 5000 + b"}", b'{"a": 1'])
def test_hostile_lines_are_one_sentence(tmp_path, content):
    data = loaded(tmp_path, some(["0.png"]) | {"metadata.jsonl": content})
    assert "metadata.jsonl was not used" in data.notes[-1].sentence


# --- reading


def test_validation_images_that_are_alone_are_for_training(tmp_path):
    files = some(f"{part}/{'ab'[i % 2]}/{i}.png" for part in ("train", "val") for i in range(4))
    broken = {name: b"" if name.startswith("train") else content for name, content in files.items()}
    data = loaded(tmp_path, broken)
    assert (len(data.train), data.validation, labels(data.train)) == (4, None, [0, 0, 1, 1])
    assert len(data.skipped) == 4


def test_what_will_not_fit_is_said_at_once_with_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "MAX_BYTES", 500)
    files = some(f"{i:02}.png" for i in range(12))
    with pytest.raises(DataError, match=r"12 pictures.*--limit 4\) or a smaller size \(--size\)"):
        loaded(tmp_path, files)
    assert len(loaded(tmp_path, files, limit=4).train) == 4


def test_a_job_that_is_given_up_leaves_no_thread(tmp_path):
    before = threading.active_count()
    with closing(read(put(tmp_path, some(f"{i:03}.png" for i in range(200))))) as job:
        for _ in range(3):
            next(job)
    assert threading.active_count() == before
