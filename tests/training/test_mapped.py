"""Sets that lie on the disk: a run on them is the run on the same images in memory."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from vae_explorer.core.progress import finish
from vae_explorer.data.image_set import Rows
from vae_explorer.data.preparation import Preparation
from vae_explorer.data.preprocess import to_x
from vae_explorer.training import trainer
from vae_explorer.training.mapped import Mapped, as_tensor


@pytest.fixture
def on_disk(tmp_path):
    """A data set whose images are mapped from a file."""

    def mapped(data):
        file = np.lib.format.open_memmap(tmp_path / "images.npy", "w+", np.uint8, data.train.images.shape)
        file[:] = data.train.images
        return replace(data, train=replace(data.train, images=file))

    return mapped


def test_a_run_on_mapped_images_is_bit_for_bit_that_on_the_same_in_memory(start, on_disk, monkeypatch):
    in_memory = start("memory")
    finish(in_memory.work())
    load = trainer.catalog.load

    def loaded(*asked):
        return on_disk((yield from load(*asked)))

    monkeypatch.setattr(trainer.catalog, "load", loaded)
    monkeypatch.setattr(trainer, "DIGESTED_AT_ONCE", 7)
    mapped = start("mapped")
    finish(mapped.work())
    assert isinstance(mapped.training.data.part("train", 0).images, Rows)
    for name in ("model.vae.safetensors", "best.vae.safetensors"):
        assert (in_memory.run.folder / name).read_bytes() == (mapped.run.folder / name).read_bytes()
    assert in_memory.training.state.images_digest == mapped.training.state.images_digest  # either resumes the other


def test_only_what_is_asked_for_becomes_x():
    images = np.random.default_rng(0).integers(0, 256, (30, 1, 8, 8), dtype=np.uint8)
    preparation = Preparation.of(images, "gaussian")
    mapped = as_tensor(Rows(images, np.arange(29, -1, -1)), torch.device("cpu"), preparation)
    assert isinstance(mapped, Mapped)
    assert len(mapped) == 30
    assert torch.equal(mapped[2:4], torch.from_numpy(to_x(images[[27, 26]], preparation)))
    assert torch.equal(as_tensor(images, torch.device("cpu"), preparation), torch.from_numpy(to_x(images, preparation)))


def test_to_another_device_images_go_at_once_where_they_fit(monkeypatch):
    rows = Rows(np.ones((3, 1, 8, 8), np.uint8), np.arange(3))
    assert isinstance(as_tensor(rows, torch.device("meta")), torch.Tensor)
    monkeypatch.setattr("vae_explorer.training.mapped.MAX_ON_DEVICE", 10)
    mapped = as_tensor(rows, torch.device("meta"))
    assert isinstance(mapped, Mapped)
    assert mapped[:2].device.type == "meta"
