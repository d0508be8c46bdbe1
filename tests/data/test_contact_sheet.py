"""What a data set holds, at a glance: which images, and which lines."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vae_explorer.data.contact_sheet import ContactSheet, class_counts, flags, split_counts
from vae_explorer.data.image_set import DataSet, ImageSet, Note, Skipped
from vae_explorer.data.reading import Reading


def image_set(labels, split="train", factors=None, known=True):
    """Each image's pixels are its label; two more channels for its place."""
    labels = np.asarray(labels, np.int64)
    images = np.zeros((len(labels), 1, 8, 10), np.uint8) + labels[:, None, None, None].astype(np.uint8)
    return ImageSet("marks", images, labels if known else None, factors or {}, split)


def data_set(train, test=None, classes=(), **facts):
    return DataSet("marks", train, test, classes, **facts)


def sentences(sheet):
    return [note.sentence for note in sheet.lines]


@pytest.mark.parametrize(("classes", "columns", "each"), [(1, 8, 32), (2, 8, 16), (3, 8, 8), (5, 6, 6), (10, 6, 3)])
def test_each_class_has_as_many_images_and_no_row_breaks_one(classes, columns, each):
    names = tuple(f"kind {i}" for i in range(classes))
    sheet = ContactSheet.of(data_set(image_set(np.arange(60 * classes) % classes), classes=names))
    shown = sheet.images[:, 0, 0, 0].tolist()
    assert shown == sorted(shown)
    assert [shown.count(i) for i in range(classes)] == [each] * classes
    assert sheet.columns == columns
    assert max(columns, each) % min(columns, each) == 0
    assert sheet.names[0].endswith("(kind 0)")


def test_of_more_classes_than_pictures_some_are_shown_and_never_an_empty_one():
    labels = 2 * np.arange(50)  # every other class has no image
    sheet = ContactSheet.of(data_set(image_set(labels), classes=tuple(map(str, range(100)))))
    shown = sheet.images[:, 0, 0, 0].tolist()
    assert len(set(shown)) == 32
    assert all(label % 2 == 0 for label in shown)


def test_without_labels_the_images_come_from_the_whole_set_and_say_of_which_part_they_are():
    train, test = image_set(range(100), known=False), image_set(range(100, 150), "test", known=False)
    sheet = ContactSheet.of(data_set(train, test))
    shown = sheet.images[:, 0, 0, 0].astype(int)
    assert len(shown) == 32
    assert (np.diff(shown) >= 4).all()
    assert (shown >= 100).sum() in (10, 11)
    assert sheet.names[0] == "marks train image 0"
    assert sheet.names[-1] == f"marks test image {shown[-1] - 100}"


def test_a_set_of_test_images_alone_is_shown():
    sheet = ContactSheet.of(data_set(image_set([], known=False), image_set(range(3), "test", known=False)))
    assert len(sheet.images) == 3
    assert sheet.title == "marks: 3 images, 10 × 8 grey pixels"


def test_the_images_are_copies_so_that_the_set_can_go():
    train = image_set(range(5), known=False)
    sheet = ContactSheet.of(data_set(train))
    assert not np.shares_memory(sheet.images, train.images)


def test_the_lines_say_sizes_splits_factors_and_classes():
    train = image_set(np.arange(40) % 2, factors={"slant-x": np.linspace(-0.5, 2, 40).astype(np.float32)})
    data = data_set(
        train,
        image_set([1] * 10, "test"),
        ("ship", "dog"),
        sizes={(640, 480): 49, (33, 32): 1},
    )
    assert sentences(ContactSheet.of(data)) == [
        "sizes: 640 × 480 (49), 33 × 32 (1) → 10 × 8",
        "splits: 36 train, 4 validation, 10 test",
        "factors: slant-x −0.5 to 2",
        "classes: ship (20), dog (30)",
    ]
    assert class_counts(data) == [20, 30]


def test_images_that_all_have_their_own_size_need_no_line_about_it():
    sheet = ContactSheet.of(data_set(image_set(range(20), known=False), sizes={(10, 8): 20}))
    assert sentences(sheet) == ["splits: 16 train, 2 validation, 2 test"]


def test_long_tails_are_folded():
    labels = np.concatenate([np.repeat(99, 50), np.arange(100)])
    data = data_set(
        image_set(labels), classes=tuple(f"c{i}" for i in range(100)), sizes={(w, 9): w for w in range(20, 30)}
    )
    sizes, _, classes = sentences(ContactSheet.of(data))
    assert sizes == "sizes: 29 × 9 (29), 28 × 9 (28), 27 × 9 (27), 26 × 9 (26) and 6 others (135) → 10 × 8"
    assert classes.startswith("classes: c99 (51), c0 (1), ")
    assert classes.endswith(" … and 90 more")


def test_what_was_done_has_its_switch_and_what_was_left_out_its_list():
    skipped = tuple(Skipped(Path(f"{i}.txt"), f"{i}.txt is a text") for i in range(3))
    cropped = Note("12 images were cropped", "fit", skipped[:1])
    stretched = Note("values 0 to 4,080 were stretched to 0…255", "white")
    sheet = ContactSheet.of(data_set(image_set(range(9), known=False), skipped=skipped, notes=(cropped, stretched)))
    assert sheet.lines[-3:] == (cropped, stretched, Note("3 files were left out", files=skipped))
    assert [flags(note) for note in sheet.lines[-3:]] == [" (--fit)", " (--black --white)", ""]


def test_what_was_chosen_has_a_line_so_that_it_can_be_taken_back():
    data = data_set(image_set(range(9), known=False), notes=(Note("3 were padded", "fit"),))
    lines = ContactSheet.of(data, Reading(fit="pad", black=0, white=4095, limit=9)).lines
    assert [(note.sentence, note.switch) for note in lines[1:]] == [
        ("3 were padded", "fit"),
        ("value of black: 0, value of white: 4095", "black"),
        ("images at most: 9", "limit"),
    ]


@given(
    sizes=st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40)).filter(any),
    classes=st.integers(0, 60),
    name=st.text(max_size=80),
    seed=st.integers(0, 99),
)
def test_whatever_a_set_holds_some_of_its_images_are_shown_once_each(sizes, classes, name, seed):
    random = np.random.default_rng(seed)
    parts = []
    for split, size in zip(("train", "validation", "test"), sizes, strict=True):
        labels = random.integers(0, max(classes, 1), size)
        parts.append(replace(image_set(labels, split), labels=labels if classes else None))
    data = data_set(parts[0], parts[2], tuple(f"{name}{i}" for i in range(classes)), validation=parts[1])
    sheet = ContactSheet.of(data)
    assert 0 < len(sheet.images) <= min(32, sum(sizes))
    assert len(sheet.images) == len(sheet.names) == len(set(sheet.names))
    assert sum(class_counts(data)) == (sum(sizes) if classes else 0)
    assert all("\n" not in line for line in [sheet.title, *sentences(sheet)])


@pytest.mark.parametrize("own", [(), ("validation",), ("test",), ("validation", "test")])
def test_the_splits_are_those_of_a_run(own):
    parts = {split: image_set(range(7), split) for split in own}
    data = data_set(image_set(range(50)), **parts)
    assert split_counts(data) == {split: len(data.part(split, 0)) for split in ("train", "validation", "test")}


def test_a_factor_without_numbers_has_no_range():
    train = image_set(range(4), known=False, factors={"x": np.full(4, np.nan, np.float32)})
    assert "factors: x" in sentences(ContactSheet.of(data_set(train)))
