"""Data sets by name: found, loaded, fetched, and what is said when there is no such thing."""

import gzip
import struct
from dataclasses import replace

import numpy as np
import pytest

from vae_explorer import paths
from vae_explorer.core.progress import finish
from vae_explorer.data import catalog, download
from vae_explorer.data.container import DataError
from vae_explorer.data.drawn import digits, shapes
from vae_explorer.data.reading import Reading

IDX_NAMES = [file.name for file in catalog.DATASETS["mnist"].remote]


@pytest.fixture(autouse=True)
def system_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(catalog, "SYSTEM_FOLDER", tmp_path / "system")
    return tmp_path / "system"


@pytest.fixture(autouse=True)
def downloads(monkeypatch):
    """What would have been downloaded: (file names, folder)."""
    asked = []

    def fetch(files, folder, otherwise):
        asked.append(([file.name for file in files], folder, otherwise))
        put_digits(folder)
        yield from ()

    monkeypatch.setattr(download, "fetch", fetch)
    return asked


def put_digits(folder, *, packed=True):
    """Four IDX files of MNIST's names with twenty images for training and ten for test."""
    folder.mkdir(parents=True)
    for name in IDX_NAMES:
        count = 20 if name.startswith("train") else 10
        if "images" in name:
            content = struct.pack(">4I", 0x803, count, 28, 28) + bytes(12 * i for i in range(count)) * 784
        else:
            content = struct.pack(">2I", 0x801, count) + bytes(i % 10 for i in range(count))
        if packed:
            (folder / name).write_bytes(gzip.compress(content))
        else:
            (folder / name.removesuffix(".gz")).write_bytes(content)


DRAWN = {"drawn-digits": (digits, "DRAWN_DIGITS"), "drawn-shapes": (shapes, "DRAWN_SHAPES")}


def test_the_names_are_there_with_what_a_list_shows():
    assert list(catalog.DATASETS) == ["mnist", "fashion-mnist", "drawn-digits", "drawn-shapes"]
    for name, entry in catalog.DATASETS.items():
        assert entry.name == name
        assert entry.title
        assert entry.description
        assert entry.source
        assert entry.licence
        assert len(set(entry.classes)) == (4 if name == "drawn-shapes" else 10)


def test_the_sizes_of_the_downloads_are_those_of_the_published_files():
    assert catalog.DATASETS["mnist"].download_size == 9912422 + 28881 + 1648877 + 4542
    assert catalog.DATASETS["fashion-mnist"].download_size == 26421880 + 29515 + 4422102 + 5148


@pytest.mark.parametrize("packed", [True, False])
def test_a_set_in_the_users_folder_is_found_and_loaded_without_a_download(downloads, packed):
    put_digits(paths.data_sets() / "fashion-mnist", packed=packed)
    assert catalog.available("fashion-mnist")
    assert catalog.where("fashion-mnist") == paths.data_sets() / "fashion-mnist"
    data = finish(catalog.load("fashion-mnist"))
    assert (data.name, data.train.name, data.test.name) == ("fashion-mnist",) * 3
    assert (len(data.train), len(data.test)) == (20, 10)
    assert data.classes[7:] == ("Sneaker", "Bag", "Ankle boot")
    assert data.train.labels[:10].tolist() == list(range(10))
    assert not downloads


def test_a_set_of_a_system_package_is_found_and_the_users_own_comes_first(system_folder):
    put_digits(system_folder / "mnist")
    assert catalog.where("mnist") == system_folder / "mnist"
    assert finish(catalog.fetch("mnist")) == system_folder / "mnist"
    put_digits(paths.data_sets() / "mnist")
    assert catalog.where("mnist") == paths.data_sets() / "mnist"


def test_a_set_with_a_file_missing_is_not_there(system_folder):
    put_digits(system_folder / "mnist")
    (system_folder / "mnist" / IDX_NAMES[3]).unlink()
    assert catalog.where("mnist") is None
    assert not catalog.available("mnist")


def test_what_is_not_there_is_downloaded_into_the_users_folder(downloads):
    assert not catalog.available("mnist")
    data = finish(catalog.load("mnist"))
    assert data.classes == tuple("0123456789")
    (names, folder, otherwise) = downloads[0]
    assert names == IDX_NAMES
    assert folder == paths.data_sets() / "mnist"
    assert otherwise == "open a folder that has its four IDX files"


def test_on_debian_it_says_which_package_brings_the_set(downloads, tmp_path, monkeypatch):
    (tmp_path / "debian_version").touch()
    monkeypatch.setattr(catalog, "DEBIAN", tmp_path / "debian_version")
    finish(catalog.fetch("fashion-mnist"))
    assert downloads[0][2].endswith("or run “apt-get install dataset-fashion-mnist” as root")


@pytest.mark.parametrize("name", DRAWN)
def test_what_is_drawn_is_always_available_and_lies_nowhere(name):
    assert catalog.available(name)
    assert catalog.where(name) is None
    assert catalog.DATASETS[name].download_size == 0


@pytest.mark.parametrize("name", DRAWN)
def test_to_fetch_what_is_drawn_is_to_draw_it_into_the_cache(name, monkeypatch):
    module, constant = DRAWN[name]
    small = replace(getattr(module, constant), train=20, test=10)
    monkeypatch.setattr(module, constant, small)
    folder = finish(catalog.fetch(name))
    assert folder == paths.cache_folder()
    assert [path.name for path in folder.iterdir()] == [small.cache_file.name]
    loaded = finish(catalog.load(name))
    assert (loaded.name, len(loaded.train), len(loaded.test)) == (name, 20, 10)
    assert loaded.classes == catalog.DATASETS[name].classes


def test_a_path_is_loaded_and_a_name_goes_before_a_folder_of_that_name(tmp_path, monkeypatch, downloads):
    put_digits(tmp_path / "mnist")
    put_digits(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    assert finish(catalog.load("mine")).name == "mine"
    assert finish(catalog.load("./mnist")).name == "mnist"
    assert finish(catalog.load(str(tmp_path / "mnist"))).name == "mnist"
    assert not downloads
    finish(catalog.load("mnist"))
    assert len(downloads) == 1


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("mnits", "There is no data set or file “mnits”. Did you mean mnist?"),
        ("Fashion-MNIST", "Did you mean fashion-mnist?"),
        ("drawn-shape", "Did you mean drawn-shapes?"),
        ("no/such/folder", "There is no data set or file “no/such/folder”. The data sets are mnist, fashion-mnist"),
        ("", "The data sets are mnist, fashion-mnist, drawn-digits, drawn-shapes."),
        ("a\0b", "There is no data set or file"),
        ("\udcff", "There is no data set or file “\ufffd”."),
    ],
)
def test_what_is_unknown_is_said_with_a_guess_and_the_names(data, sentence):
    with pytest.raises(DataError) as raised:
        finish(catalog.load(data))
    assert sentence in str(raised.value)


def test_an_unknown_name_is_refused_everywhere():
    for ask in (catalog.available, catalog.where):
        with pytest.raises(DataError, match="Did you mean mnist"):
            ask("mnis")
    with pytest.raises(DataError, match="Did you mean mnist"):
        finish(catalog.fetch("mnis"))


def test_labels_that_are_no_classes_of_the_set_are_refused():
    folder = paths.data_sets() / "mnist"
    put_digits(folder, packed=False)
    (folder / "train-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, 20) + bytes([200] * 20))
    with pytest.raises(DataError, match="labels of mnist"):
        finish(catalog.load("mnist"))


def test_images_are_those_of_the_files(downloads):
    data = finish(catalog.load("mnist"))
    assert data.train.images.shape == (20, 1, 28, 28)
    assert np.array_equal(data.train.images.ravel()[:40], np.tile(12 * np.arange(20), 2))


def test_drawn_sets_are_read_as_they_are_asked_for(monkeypatch):
    monkeypatch.setattr(digits, "DRAWN_DIGITS", replace(digits.DRAWN_DIGITS, train=40, test=10))
    data = finish(catalog.load("drawn-digits", Reading(size=16, limit=25)))
    assert (len(data.train), len(data.test)) == (20, 5)
    assert data.image_shape == (1, 16, 16)
    assert len(data.train.factors["slant"]) == 20
    assert [note.switch for note in data.notes] == ["limit", "size"]
