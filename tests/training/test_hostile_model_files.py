"""Model files that were made to do harm: each is refused with one short sentence, before it costs memory."""

import hashlib
import json
import os
import struct
import threading

import hostile
import mutators
import pytest
import torch

from vae_explorer.storage import sealed
from vae_explorer.training import model_file
from vae_explorer.training.model_file import ModelFileError

TINY = mutators.model()
NOT_OURS = "is not a VAE Explorer model file"
NO_FIT = "is damaged: its header does not fit its content"


def refused(path, content: bytes | None = None) -> str:
    """The sentence."""
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelFileError) as raised:
        model_file.load(path)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 1000
    return str(raised.value)


def edited(change) -> bytes:
    """The tiny model with another header, which `change` may alter in place, and the right digest."""
    length = struct.unpack("<Q", TINY[:8])[0]
    header = json.loads(TINY[8 : 8 + length])
    metadata = json.loads(header["__metadata__"]["vae"])
    header = change(header, metadata) or header
    header["__metadata__"]["vae"] = json.dumps(metadata)
    text = json.dumps(header).encode()
    return mutators.sealed_again(struct.pack("<Q", len(text)) + text + TINY[8 + length :])


def test_a_header_that_is_only_written_again_is_the_same_model(tmp_path):
    (tmp_path / "m").write_bytes(edited(lambda header, metadata: None))
    model, info = model_file.load(tmp_path / "m")
    assert info.data == "bars"
    assert model.z_dim == 2


NAME = "encoder.1.weight"  # of the first hidden layer: [4, 64]


@pytest.mark.parametrize(
    "entry",
    [
        {"shape": [4, 65]},
        {"shape": [4, -64]},
        {"shape": [4.0, 64]},
        {"shape": [True, 256]},
        {"shape": ["4", 64]},
        {"shape": "4"},
        {"shape": None},
        {"shape": [1] * 200 + [4, 64]},
        {"shape": [0, 2**62, 2**62], "data_offsets": [0, 0]},
        {"shape": [2**62, 2**62]},
        {"dtype": "BOOL"},
        {"dtype": "F4"},
        {"dtype": ["F32"]},
        {"data_offsets": [0, 2**62]},
        {"data_offsets": [0]},
        {"data_offsets": [-1024, 0]},
        {"data_offsets": ["0", "1024"]},
        {"data_offsets": None},
    ],
)
def test_a_tensor_that_is_not_where_or_what_its_header_says_is_refused(tmp_path, entry):
    assert NO_FIT in refused(tmp_path / "m", edited(lambda header, metadata: header[NAME].update(entry)))


def test_tensors_that_share_their_bytes_or_leave_a_gap_are_refused(tmp_path):
    def share(header, metadata):
        names = [name for name in header if name.endswith("bias")]
        header[names[0]]["data_offsets"] = header[names[1]]["data_offsets"]

    assert NO_FIT in refused(tmp_path / "m", edited(share))
    assert NO_FIT in refused(tmp_path / "m", edited(lambda header, metadata: header.pop(NAME) and None))
    assert NO_FIT in refused(tmp_path / "m", mutators.sealed_again(TINY + bytes(4)))
    assert NO_FIT in refused(tmp_path / "m", mutators.sealed_again(TINY[:-4]))


def test_what_two_readers_would_read_differently_is_refused(tmp_path):
    twice = TINY.replace(b'"dtype":"F32"', b'"dtype":"F16","dtype":"F32"', 1)
    twice = struct.pack("<Q", struct.unpack("<Q", TINY[:8])[0] + 14) + twice[8:]
    assert NOT_OURS in refused(tmp_path / "m", mutators.sealed_again(twice))
    for number in ("NaN", "-Infinity", "1e999", "1" * 5000):
        text = TINY.replace(b"-1.5]", number.encode() + b"]", 1)
        text = struct.pack("<Q", struct.unpack("<Q", TINY[:8])[0] + len(number) - 4) + text[8:]
        assert NOT_OURS in refused(tmp_path / "m", mutators.sealed_again(text))


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("split_seed", -1, "split_seed: Input should be greater than or equal to 0"),
        ("steps", 10**30, "steps: Input should be less than"),
        ("epochs", -1.0, "epochs: Input should be greater"),
        ("data", "x" * 300, "data: String should have at most 255"),
        ("data", "\ud800", "data: Input should be a valid string"),
        ("train_config", {"a": json.loads("[" * 900 + "]" * 900)}, NOT_OURS),
        ("format", True, NOT_OURS),
        ("format", 10**4000, "newer VAE Explorer (format unknown)"),
    ],
)
def test_figures_that_no_training_leaves_are_refused(tmp_path, field, value, sentence):
    assert sentence in refused(tmp_path / "m", edited(lambda header, metadata: metadata.update({field: value})))


@pytest.mark.parametrize("name", list(hostile.models())[1:])  # the first takes seconds to read
def test_what_was_made_to_fill_the_memory_or_to_run_code_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)  # where a trap would leave its folder
    made = hostile.models()[name]()
    content, size = made if isinstance(made, tuple) else (made, len(made))
    path = tmp_path / "m.vae.safetensors"
    with path.open("wb") as file:
        file.write(content)
        file.truncate(size)
    refused(path)
    assert list(tmp_path.rglob("*")) == [path]


def test_a_description_that_nests_deeply_does_no_harm_in_a_thread_with_a_small_stack(tmp_path):
    texts = [b"[" * 900 + b"]" * 900, b"[" * 500_000, b'{"a":' * 150_000]
    for i, text in enumerate(texts):
        (tmp_path / f"{i}").write_bytes(struct.pack("<Q", len(text)) + text)
    nested = hostile.models()["900 lists in each other"]()
    (tmp_path / "3").write_bytes(nested)
    before, sentences = threading.stack_size(512 << 10), []  # bytes: what macOS gives to a thread
    try:
        thread = threading.Thread(target=lambda: sentences.extend(refused(tmp_path / f"{i}") for i in range(4)))
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert [NOT_OURS in sentence for sentence in sentences] == [True] * 4


def test_no_tensor_gets_memory_before_the_digest_was_checked(tmp_path, monkeypatch):
    made = []
    empty = torch.empty
    monkeypatch.setattr(torch, "empty", lambda *size, **how: made.append(how) or empty(*size, **how))
    refused(tmp_path / "m", TINY[:-1] + b"\xaa")
    assert made == []
    (tmp_path / "m").write_bytes(TINY)
    model_file.load(tmp_path / "m")
    assert any(how.get("dtype") == torch.uint8 for how in made)


def test_a_file_that_changes_while_it_is_read_is_noticed(tmp_path):
    path = tmp_path / "m"
    for change in (TINY[:-1] + b"\xaa", TINY[:-8], TINY + b"\0"):
        path.write_bytes(TINY)
        with sealed.opened(path, model_file.MODEL_FILE) as file:
            path.write_bytes(change)
            with pytest.raises(ModelFileError, match="m is damaged: its content does not match its digest"):
                file.tensors()


def test_a_file_name_that_cannot_be_shown_is_shown_with_signs_in_its_place(tmp_path):
    path = tmp_path / ("a\nb" if os.name == "posix" else "ab")
    assert "\n" not in refused(path, b"no model")
    for impossible in ("a\0b", "\ud800"):
        with pytest.raises(ModelFileError, match=r"There is no file .*\ufffd"):
            model_file.load(tmp_path / impossible)


def test_the_digest_is_checked_although_it_occurs_twice(tmp_path):
    """The place that is counted with zeros is the last; a digest that was copied elsewhere is content like all else."""
    digest = hashlib.sha256(TINY).hexdigest()
    content = edited(lambda header, metadata: metadata.update(data=digest))
    (tmp_path / "m").write_bytes(content)
    assert model_file.load(tmp_path / "m")[1].data == digest
    at = content.index(digest.encode())
    assert "is damaged" in refused(tmp_path / "m", content[:at] + b"0" + content[at + 1 :])
