"""TAR archives of pictures, packed in any way; WebDataset's shards; archives that were made to do harm."""

import io
import json
import tarfile

import numpy as np
import pytest
from foreign_files import GREY, LABELS, mnist_csv, png, tar, webdataset

from vae_explorer.core.progress import finish
from vae_explorer.data import container
from vae_explorer.data.files import DataError, read
from vae_explorer.data.formats.packed import tar as tar_file

PICTURES = {
    f"set/{'abc'[label]}/{i:02}.png": png(image) for i, (image, label) in enumerate(zip(GREY, LABELS, strict=True))
}
BY_CLASS = np.argsort(LABELS, kind="stable")


def loaded(path, content: bytes):
    path.write_bytes(content)
    return finish(read(path))


def refused(path, content: bytes) -> str:
    with pytest.raises(DataError) as raised:
        loaded(path, content)
    assert str(raised.value).isprintable()
    return str(raised.value)


@pytest.mark.parametrize(
    ("mode", "name"),
    [("w", "a.tar"), ("w:gz", "a.tgz"), ("w:gz", "a.tar.gz"), ("w:bz2", "a.tar.bz2"), ("w:xz", "a.xz")],
)
def test_folders_in_an_archive_are_classes(tmp_path, mode, name):
    data = loaded(tmp_path / name, tar(PICTURES, mode))
    assert np.array_equal(data.train.images, GREY[BY_CLASS, None])
    assert np.array_equal(data.train.labels, LABELS[BY_CLASS])
    assert (data.name, data.classes) == ("a", ("a", "b", "c"))


def test_webdatasets_labels_are_classes(tmp_path):
    data = loaded(tmp_path / "shard.tar", webdataset())
    assert np.array_equal(data.train.images, GREY[BY_CLASS, None])
    assert np.array_equal(data.train.labels, LABELS[BY_CLASS])
    assert not data.skipped


def test_a_label_may_be_in_json(tmp_path):
    files = {}
    for i, (image, label) in enumerate(zip(GREY, LABELS, strict=True)):
        files |= {f"{i:02}.jpg.png": png(image), f"{i:02}.json": json.dumps({"label": int(label)}).encode()}
    assert loaded(tmp_path / "a.tar", tar(files)).classes == ("0", "1", "2")


def test_shards_in_a_folder_are_the_parts_that_their_names_say(tmp_path):
    (tmp_path / "train-000000.tar").write_bytes(webdataset(GREY[:6], LABELS[:6]))
    (tmp_path / "train-000001.tar").write_bytes(webdataset(GREY[6:], LABELS[6:]))
    (tmp_path / "test-000000.tar").write_bytes(webdataset(GREY[:3], LABELS[:3]))
    data = finish(read(tmp_path))
    assert (len(data.train), len(data.test), data.classes) == (12, 3, ("0", "1", "2"))


def test_a_table_in_an_archive_is_read_too(tmp_path):
    assert len(loaded(tmp_path / "a.tar.gz", tar({"mnist/train.csv": mnist_csv()}, "w:gz")).train) == 12


def test_links_devices_and_names_that_lie_elsewhere_do_no_harm(tmp_path):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, kind in (("l.png", tarfile.SYMTYPE), ("h.png", tarfile.LNKTYPE), ("d.png", tarfile.CHRTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        for name in ("/abs.png", "../../up.png"):
            info = tarfile.TarInfo(name)
            info.size = len(png(GREY[0]))
            archive.addfile(info, io.BytesIO(png(GREY[0])))
    inner = tmp_path / "inner"
    inner.mkdir()
    data = loaded(inner / "a.tar", file.getvalue())
    assert len(data.train) == 2
    assert sorted(tmp_path.rglob("*")) == [inner, inner / "a.tar"]


def test_an_archive_that_is_cut_off_says_so(tmp_path):
    content = tar(PICTURES)
    assert "truncated" in refused(tmp_path / "a.tar", content[: 512 * 3 - 100])
    assert "truncated" in refused(tmp_path / "a.tgz", tar(PICTURES, "w:gz")[:-300])


def test_a_header_that_is_too_long_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(tar_file, "MAX_HEADER", 2048)
    assert "a header of" in refused(tmp_path / "a.tar", tar({"x" * 5000 + ".png": png(GREY[0])}))


def test_a_small_archive_that_unpacks_to_much_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(container, "SMALL", 1 << 20)
    for mode in ("w:gz", "w:bz2", "w:xz"):
        assert "it is not read" in refused(tmp_path / "a", tar({"a.npy": bytes(3 << 20)}, mode))


def test_too_many_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(container, "MAX_MEMBERS", 10)
    assert "too many files; at most 10" in refused(tmp_path / "a.tar", tar(PICTURES))


def test_an_archive_in_an_archive_is_not_opened(tmp_path):
    assert "no readable picture" in refused(tmp_path / "a.tar", tar({"b.tar": tar(PICTURES)}))
