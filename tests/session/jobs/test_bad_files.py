"""Damaged files brought into the window: one sentence, and what was shown before stays."""

import hostile
import mutators
import numpy as np
import pytest
import seeds

from vae_explorer.training import model_file

TIMEOUT = 30_000  # milliseconds
TINY = mutators.model()
NPZ, _ = seeds.data_files()["NPZ"]
SINGLE = ("a tensor that claims 2^60 bytes", "a pickle", "a file of torch.save", "900 lists in each other")


def said_by(session, qtbot, act) -> str:
    """The one sentence."""
    sentences = []
    session.failed.connect(sentences.append)
    with qtbot.waitSignal(session.failed, timeout=TIMEOUT):
        act()
    session.failed.disconnect(sentences.append)
    (sentence,) = sentences
    assert sentence.isprintable()
    assert len(sentence) < 1000
    return sentence


@pytest.mark.parametrize(
    "content",
    [TINY[:-1], TINY[:-1] + b"\xaa", mutators.sealed_again(TINY + b"\0")]
    + [hostile.models()[name]() for name in SINGLE],
    ids=["cut", "changed", "longer", *SINGLE],
)
def test_a_bad_model_is_one_sentence_and_the_shown_one_stays(opened, qtbot, tmp_path, content):
    shown, z = opened.model.current, opened.latent.z.copy()
    path = tmp_path / "bad.vae.safetensors"
    path.write_bytes(content)
    assert "bad.vae.safetensors" in said_by(opened, qtbot, lambda: opened.model.open(str(path)))
    assert opened.model.current is shown
    assert np.array_equal(opened.latent.z, z)
    assert not opened.model.is_opening
    assert list(tmp_path.iterdir()) == [path]


HOSTILE = (
    "pickled objects",
    "an NPY that claims 2^60 values",
    "a header that is a program",
)


@pytest.mark.parametrize(
    "content",
    [NPZ[:-30], NPZ[:60] + bytes(8) + NPZ[68:], hostile.overlapping(50, 1 << 20), hostile.listing(40)]
    + [hostile.data_sets()[name]() for name in HOSTILE],
    ids=["cut", "changed", "overlapping", "not there", *HOSTILE],
)
def test_a_bad_data_set_is_one_sentence_and_nothing_else_changes(opened, qtbot, tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)  # where a trap would leave its folder
    shown, choices = opened.model.current, opened.data.choices
    path = tmp_path / "bad.npz"
    path.write_bytes(content)
    assert "bad" in said_by(opened, qtbot, lambda: opened.data.open(path))
    assert opened.model.current is shown
    assert opened.data.choices == choices
    assert list(tmp_path.iterdir()) == [path]


def test_a_model_whose_data_has_a_name_that_no_file_has_opens(session, qtbot, tmp_path, tiny_model):
    model, info = model_file.load(tiny_model)
    path = tmp_path / "long.vae.safetensors"
    model_file.save(path, model, info.model_copy(update={"data": "x" * 255}))
    session.model.open(str(path))
    qtbot.waitUntil(lambda: session.model.current is not None, timeout=TIMEOUT)
    assert session.model.current.name == "long"
