"""The container by itself; what a model file does with it is in tests/training/test_model_file.py."""

import os

import pytest
import torch

from vae_explorer.storage import regular_file, sealed
from vae_explorer.storage.regular_file import NotRegularError
from vae_explorer.storage.sealed import Kind, SealedError


class NoteError(SealedError):
    """A file cannot be used as a note."""


NOTE = Kind("note", newest=3, max_bytes=10_000, error=NoteError)
TENSORS = {"b": torch.arange(6, dtype=torch.int32).reshape(2, 3), "a": torch.tensor(1.5, dtype=torch.float64)}
ABOUT = {"format": 3, "text": "héllo", "numbers": [1, 2.5, None]}


@pytest.fixture
def note(tmp_path):
    path = tmp_path / "a.note"
    path.write_bytes(sealed.sealed(TENSORS, ABOUT))
    return path


def test_tensors_and_description_come_back_exactly(note):
    tensors, about = sealed.read(note, NOTE)
    assert about == ABOUT
    assert tensors.keys() == TENSORS.keys()
    assert all(torch.equal(tensors[name], wanted) for name, wanted in TENSORS.items())


def test_shapes_and_types_are_known_before_there_is_memory_for_them(note):
    with sealed.opened(note, NOTE) as file:
        assert all(tensor.is_meta for tensor in file.announced.values())
        assert file.announced["b"].shape == (2, 3)


def test_a_file_of_another_kind_raises_the_error_of_the_expected_kind(note):
    note.write_bytes(b"something else")
    with pytest.raises(NoteError, match=r"^a\.note is not a VAE Explorer note$"):
        sealed.read(note, NOTE)
    note.write_bytes(sealed.sealed(TENSORS, {**ABOUT, "format": 4}))
    with pytest.raises(NoteError, match=r"made by a newer VAE Explorer \(format 4\)"):
        sealed.read(note, NOTE)
    note.write_bytes(sealed.sealed({"a": torch.zeros(10_000)}, ABOUT))
    with pytest.raises(NoteError, match=r"a\.note is larger than"):
        sealed.read(note, NOTE)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_only_regular_files_are_opened_and_a_pipe_holds_nobody_up(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(NotRegularError, match=f"{path.name} is a folder, a device or a pipe, not a file"):
            regular_file.opened(path)
    with pytest.raises(NoteError, match="is not a file"):
        sealed.read(tmp_path / "pipe", NOTE)
