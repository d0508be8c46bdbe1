"""Tables of pixels as text: which columns are what, and what is not a table of pixels."""

import gzip

import numpy as np
import pytest
from foreign_files import COLOUR, GREY, LABELS, fer_csv, mnist_csv
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vae_explorer.core.progress import finish
from vae_explorer.data.files import DataError, read


def loaded(folder, files):
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return finish(read(folder / next(iter(files)) if len(files) == 1 else folder))


def refused(folder, content: bytes, name: str = "a.csv") -> str:
    with pytest.raises(DataError) as raised:
        loaded(folder, {name: content})
    assert str(raised.value).isprintable()
    return str(raised.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text,
        lambda text: text.replace(b",", b"\t"),
        lambda text: text.replace(b",", b";").replace(b"\n", b"\r\n"),
        lambda text: b"\xef\xbb\xbf" + text.rstrip(b"\n"),
        lambda text: b'"' + text.replace(b",", b'","').rstrip(b"\n").replace(b"\n", b'"\n"') + b'"\n',
        gzip.compress,
    ],
    ids=["commas", "tabs", "semicolons", "a BOM, no last line end", "quotes", "packed"],
)
def test_kaggles_mnist_is_read_with_its_labels(tmp_path, change):
    data = loaded(tmp_path, {"train.csv": change(mnist_csv())})
    assert np.array_equal(data.train.images, GREY[:, None])
    assert np.array_equal(data.train.labels, LABELS)
    assert data.classes == ("0", "1", "2")
    assert not data.notes


def test_the_label_without_a_header_is_first_or_last(tmp_path):
    images = GREY.copy()
    images[:, 0, :2] = images[:, -1, -2:] = 0  # the corners of a digit are empty
    first = mnist_csv(images, LABELS + 5, header=False)
    data = loaded(tmp_path, {"first.csv": first})
    assert np.array_equal(data.train.images, images[:, None])
    assert data.classes == ("5", "6", "7")
    last = b"\n".join(b",".join([*row.split(b",")[1:], row.split(b",")[0]]) for row in first.splitlines())
    data = loaded(tmp_path, {"last.csv": last})
    assert np.array_equal(data.train.images, images[:, None])
    assert np.array_equal(data.train.labels, LABELS)


def test_columns_that_are_neither_pixel_nor_label_are_said_to_be_left_out(tmp_path):
    lines = mnist_csv().splitlines()
    numbered = [b"," + lines[0] + b",writer", *(b"%d,%b,me" % (i, line) for i, line in enumerate(lines[1:]))]
    data = loaded(tmp_path, {"a.csv": b"\n".join(numbered)})
    assert np.array_equal(data.train.images, GREY[:, None])
    assert np.array_equal(data.train.labels, LABELS)
    assert "not used: one without a name, writer" in data.notes[0].sentence


def test_words_are_labels_too(tmp_path):
    words = np.array([b"ant", b"bee", b"cat"])[LABELS]
    lines = mnist_csv(GREY, None).splitlines()
    rows = [line + b"," + word for line, word in zip(lines, [b"class", *words], strict=True)]
    data = loaded(tmp_path, {"openml.csv": b"\n".join(rows)})
    assert data.classes == ("ant", "bee", "cat")
    assert np.array_equal(data.train.labels, LABELS)
    assert np.array_equal(data.train.images, GREY[:, None])


def test_fer2013_has_its_three_parts(tmp_path):
    usages = ("Training",) * 6 + ("PublicTest",) * 3 + ("PrivateTest",) * 3
    data = loaded(tmp_path, {"fer2013.csv": fer_csv(usages=usages)})
    for part, rows in ((data.train, slice(6)), (data.validation, slice(6, 9)), (data.test, slice(9, 12))):
        assert np.array_equal(part.images, GREY[rows, None])
        assert np.array_equal(part.labels, LABELS[rows])


def test_two_tables_are_the_parts_that_their_names_say(tmp_path):
    data = loaded(tmp_path, {"mnist_train.csv": mnist_csv(), "mnist_test.csv": mnist_csv(GREY[:4], LABELS[:4])})
    assert (len(data.train), len(data.test)) == (12, 4)
    (tmp_path / "sample_submission.csv").write_bytes(b"ImageId,Label\n1,0\n")
    data = finish(read(tmp_path))
    assert (len(data.train), len(data.test)) == (12, 4)
    assert [one.path.name for one in data.notes[0].files] == ["sample_submission.csv"]
    (tmp_path / "more_train.csv").write_bytes(mnist_csv())
    with pytest.raises(DataError, match=r"has 4 files \(mnist_test.csv, .*open one of them"):
        finish(read(tmp_path))


def test_a_table_of_test_images_alone_trains_nothing(tmp_path):
    data = loaded(tmp_path, {"mnist_test.csv": mnist_csv()})
    assert (len(data.train), len(data.test)) == (0, 12)


@pytest.mark.parametrize("order", ["by pixel", "by channel"])
def test_colour_is_read_in_the_order_that_it_was_written_in(tmp_path, order):
    smooth = np.zeros((12, 8, 8, 3), np.uint8) + np.array([10, 120, 240], np.uint8)
    smooth[:, :4] += COLOUR[:, :4] % 9
    rows = smooth if order == "by pixel" else np.moveaxis(smooth, 3, 1)
    data = loaded(tmp_path, {"a.csv": mnist_csv(np.ascontiguousarray(rows))})
    assert np.array_equal(data.train.images, np.moveaxis(smooth, 3, 1))
    assert "values were read as 8 × 8 pixels" in data.notes[0].sentence


def test_fractions_are_values_too(tmp_path):
    rows = [",".join(f"{value / 255:.6f}" for value in image.ravel()) for image in GREY]
    data = loaded(tmp_path, {"a.csv": "\n".join(rows).encode()})
    assert np.abs(data.train.images[:, 0].astype(int) - GREY).max() <= 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"file,label\na.png,3\n", "a.csv is a table with the columns file, label, which are not pixels"),
        (b"1,2,3\n4,5,6\n", "a.csv is a table with 3 columns of numbers, which are not pixels"),
        (mnist_csv().replace(b"\n2,", b"\n2,7,"), "a.csv has 65 instead of 64 pixels in row 3"),
        (mnist_csv() + b"1,2\n", "a.csv has 1 instead of 64 pixels in row 13"),
        (mnist_csv(GREY // 200).replace(b",0,", b",x,", 1), "a.csv has 'x' instead of a pixel in row 1"),
        (mnist_csv(GREY // 200).replace(b",0,", b",,", 1), "a.csv has nothing instead of a pixel in row 1"),
        (mnist_csv(GREY[:0], LABELS[:0]), "a.csv is a table without rows"),
    ],
)
def test_what_is_no_table_of_pixels_is_said(tmp_path, content, sentence):
    assert sentence in refused(tmp_path, content)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.text('0123456789.,-+e \n\r;\t"x', max_size=300), st.integers(0, 400))
def test_whatever_is_written_is_a_table_or_refused(tmp_path, text, place):
    content = mnist_csv(GREY[:2], LABELS[:2], header=False)
    (tmp_path / "a.csv").write_bytes(content[:place] + text.encode() + content[place:])
    sentence = "fine"
    try:
        finish(read(tmp_path / "a.csv"))
    except DataError as error:
        sentence = str(error)
    assert sentence.isprintable()
