"""Tables of pictures in Parquet, as Hugging Face has them."""

import sys

import numpy as np
import pytest
from foreign_files import GREY, LABELS, parquet

from vae_explorer.core.progress import finish
from vae_explorer.data.files import DataError, read

BY_CLASS = np.argsort(LABELS, kind="stable")


def test_without_the_library_the_sentence_says_how_to_get_it(tmp_path, monkeypatch):
    for name in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, None)
    (tmp_path / "a.parquet").write_bytes(b"PAR1" + bytes(600) + b"PAR1")
    with pytest.raises(DataError, match=r'a.parquet is a Parquet table, .*pip install "vae-explorer\[data\]"'):
        finish(read(tmp_path / "a.parquet"))


def test_pictures_have_their_classes_names(tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "a.parquet").write_bytes(parquet())
    data = finish(read(tmp_path / "a.parquet"))
    assert np.array_equal(data.train.images, GREY[BY_CLASS, None])
    assert np.array_equal(data.train.labels, LABELS[BY_CLASS])
    assert data.classes == ("ant", "bee", "cat")
    assert not data.skipped


def test_the_files_of_a_data_set_are_its_parts(tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "data").mkdir()
    (tmp_path / "README.md").write_text("# A data set\n")
    (tmp_path / "data" / "train-00000-of-00002.parquet").write_bytes(parquet(GREY[:6], LABELS[:6]))
    (tmp_path / "data" / "train-00001-of-00002.parquet").write_bytes(parquet(GREY[6:], LABELS[6:]))
    (tmp_path / "data" / "test-00000-of-00001.parquet").write_bytes(parquet(GREY[:3], LABELS[:3]))
    data = finish(read(tmp_path))
    assert (len(data.train), len(data.test), data.classes) == (12, 3, ("ant", "bee", "cat"))


def test_a_table_without_pictures_names_its_columns(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow.parquet import write_table

    write_table(pyarrow.table({"price": [1.0, 2.0]}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"a.parquet is a Parquet table of price \(double\)"):
        finish(read(tmp_path / "a.parquet"))


@pytest.mark.parametrize("cut", [10, 300, 1200])
def test_a_file_that_is_damaged_is_refused(tmp_path, cut):
    pytest.importorskip("pyarrow")
    (tmp_path / "a.parquet").write_bytes(parquet()[:-cut])
    with pytest.raises(DataError, match=r"a.parquet is damaged"):
        finish(read(tmp_path / "a.parquet"))
