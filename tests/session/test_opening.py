"""What a path is, and what is opened of several."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vae_explorer.session.opening import ToOpen, kind_of, to_open
from vae_explorer.training.run import Run

TIMEOUT = 30_000  # milliseconds


@pytest.fixture
def run(tmp_path, config):
    """A folder that looks like a run which has left a model."""
    made = Run.create(tmp_path / "run.2", config)
    made.model_path.write_bytes(b"weights")
    return made.folder


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("three.png", "image"),
        ("three.PNG", "image"),
        ("three", "image"),
        ("three.xyz", "image"),
        ("a.vae.safetensors", "model"),
        ("a.SAFETENSORS", "model"),
        ("a.npz", "data"),
        ("a.Zip", "data"),
        ("t10k-images-idx3-ubyte.gz", "data"),
        ("train.csv", "data"),
        ("train.csv.gz", "data"),
        ("train_32x32.mat", "data"),
        ("cifar-10-binary.tar.gz", "data"),
        ("shard-000.tar", "data"),
        ("3dshapes.h5", "data"),
        ("train-00000-of-00001.parquet", "data"),
        ("data_batch_1.bin", "data"),
        ("train_X.bin", "data"),
        ("firmware.bin", "image"),
        ("photos/", "data"),
        ("holiday.2024/", "data"),
        ("holiday.png/", "data"),
        ("holiday.safetensors/", "data"),
    ],
)
def test_a_folder_is_known_by_the_disk_and_a_file_by_its_name(tmp_path, name, kind):
    path = tmp_path / name
    path.mkdir() if name.endswith("/") else path.touch()
    assert kind_of(path) == kind


def test_a_folder_with_a_run_is_one_whatever_it_is_called(run, tmp_path):
    assert kind_of(run) == "run"
    link = tmp_path / "link.png"
    link.symlink_to(run)
    assert kind_of(link) == "run"


@pytest.mark.parametrize("name", ["a\0b.png", "a\0b.npz", "a\0b.safetensors", "x" * 300 + ".png"])
def test_a_name_that_no_file_system_takes_is_an_image_that_will_be_refused(name):
    assert kind_of(Path(name)) == "image"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with a name")
def test_nothing_that_is_no_folder_is_opened(tmp_path):
    """A pipe that nobody writes would hold the window up for ever."""
    pipe = tmp_path / "pipe.npz"
    os.mkfifo(pipe)
    assert kind_of(pipe) == "data"


def test_of_several_all_images_are_opened_and_the_first_of_everything_else(run, tmp_path):
    photos = tmp_path / "photos.d"
    photos.mkdir()
    names = [Path(name) for name in ("1.png", "d.npz", "2.png", "m.safetensors")]
    one, data, two, model = names
    assert to_open([]) == ToOpen()
    assert to_open([one, run, data, two, model, photos]) == ToOpen(
        images=(one, two), run=run, data=data, left_out=(model, photos)
    )
    assert to_open([model, run]) == ToOpen(model=model, left_out=(run,))


def test_it_is_answered_without_qt_and_without_torch():
    code = (
        "import sys; from vae_explorer.session import opening\n"
        "print(sorted({'PySide6', 'torch', 'numpy.random', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_the_session_opens_each_and_says_in_one_sentence_what_it_left_out(session, stored_model, tmp_path, qtbot):
    said = []
    session.failed.connect(said.append)
    photos, other = tmp_path / "photos.2024", tmp_path / "other.safetensors"
    photos.mkdir()
    other.touch()
    link = tmp_path / "link.safetensors"
    link.symlink_to(stored_model)
    with qtbot.waitSignals([session.model.changed, session.jobs.finished], timeout=TIMEOUT):
        opened = session.open([link, other, photos, Path("also.npz")])
    assert opened == stored_model.resolve()
    assert session.model.current.name == "stored"
    assert said[0] == (
        "Only one model and one data set can be opened at a time. Not opened: other.safetensors, also.npz"
    )
    assert "photos.2024" in said[1]  # it was read as a folder of images, and holds none


def test_where_there_is_no_model_among_them_none_is_named(session, qtbot, tmp_path):
    with qtbot.waitSignal(session.failed, timeout=TIMEOUT):
        assert session.open([tmp_path / "missing.png"]) is None


def test_files_that_are_one_set_are_opened_together(tmp_path):
    four = [tmp_path / f"{part}-idx{n}-ubyte.gz" for part in ("train-images", "t10k-labels") for n in (1, 3)]
    assert to_open(four) == ToOpen(data=tmp_path)
    batches = [tmp_path / "data_batch_1.bin", tmp_path / "data_batch_2.bin"]
    assert to_open(batches) == ToOpen(data=tmp_path)
    elsewhere = tmp_path / "other" / "data_batch_3.bin"
    assert to_open([batches[0], elsewhere]) == ToOpen(data=batches[0], left_out=(elsewhere,))
    assert to_open([batches[0], tmp_path / "a.npz"]) == ToOpen(data=batches[0], left_out=(tmp_path / "a.npz",))
