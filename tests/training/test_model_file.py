import json
import os
import pickle
import random
import struct
from pathlib import Path
from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vae_explorer import paths
from vae_explorer.core.card import LatentStatistics, SplitFigures
from vae_explorer.core.config import Network, VAEConfig
from vae_explorer.core.vae import VAE
from vae_explorer.data.preprocess import Preparation
from vae_explorer.storage import sealed
from vae_explorer.storage.sealed import SealedError
from vae_explorer.training import model_file, models
from vae_explorer.training.model_file import ModelFileError, ModelInfo

SHAPE = (1, 8, 8)
CONFIG = VAEConfig(image_shape=SHAPE, z_dim=2, hidden=4)
INFO = ModelInfo(
    config=CONFIG,
    preparation=Preparation(image_shape=SHAPE, dark_background=True, box=0.7, binarise="draw"),
    data="bars",
    split_seed=3,
    train_config={"beta": 1.0},
    epochs=2.5,
    steps=40,
    train_images=160,
    validation=SplitFigures(elbo=-20.25, reconstruction=-18.0, kl=2.25),
    kl_per_dimension=[1.25, 1.0],
    test=SplitFigures(elbo=-21.0, reconstruction=-18.0, kl=3.0),
    statistics=LatentStatistics(
        split="test",
        images=20,
        kl_per_dimension=[2.0, 1.0],
        mu_variance=[0.9, 0.1],
        elbo_quantiles=[float(i) for i in range(101)],
    ),
)


def made(config=CONFIG) -> VAE:
    return VAE(config).initialise(torch.Generator().manual_seed(1))


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "bars.vae.safetensors"
    model_file.save(path, made(), INFO)
    return path


def resealed(path, tensors=None, **changes):
    """A file whose digest is right and whose content is not what it should be."""
    metadata = INFO.model_dump(mode="json")
    for dotted, value in changes.items():
        *parents, key = dotted.split("__")
        part = metadata
        for parent in parents:
            part = part[parent]
        part[key] = value
    path.write_bytes(sealed.sealed(tensors if tensors is not None else dict(made().state_dict()), metadata))
    return path


def refused(path) -> str:
    with pytest.raises(ModelFileError) as raised:
        model_file.load(path)
    sentence = str(raised.value)
    assert path.name in sentence
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize("network", get_args(Network))
@pytest.mark.parametrize("sigma", ["learned", "lecture", 0.1])
def test_a_model_comes_back_exactly(tmp_path, network, sigma):
    config = VAEConfig(image_shape=(3, 9, 12), z_dim=3, hidden=5, network=network, likelihood="gaussian", sigma=sigma)
    model = made(config)
    info = ModelInfo(
        config=config, preparation=Preparation(image_shape=(3, 9, 12)), data="d", split_seed=0, train_config={}
    )
    model_file.save(tmp_path / "m", model, info)
    loaded, info_again = model_file.load(tmp_path / "m")
    assert info_again == info
    assert loaded.state_dict().keys() == model.state_dict().keys()
    for name, tensor in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor)
    x, z = torch.rand(2, 3, 9, 12), torch.randn(2, 3)
    assert torch.equal(loaded.encode(x).mu, model.encode(x).mu)
    assert torch.equal(loaded.decode(z).log_prob(x), model.decode(z).log_prob(x))


def test_what_a_file_says_of_itself_comes_back_exactly(path):
    model, info = model_file.load(path)
    assert info == INFO
    assert not model.training
    assert not any(p.requires_grad for p in model.parameters())


def test_the_same_model_gives_the_same_bytes(path, tmp_path):
    model_file.save(tmp_path / "again", *model_file.load(path))
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_the_file_is_a_plain_safetensors_file_with_one_metadata_key(path):
    content = path.read_bytes()
    header = json.loads(content[8 : 8 + struct.unpack("<Q", content[:8])[0]])
    assert list(header["__metadata__"]) == ["vae"]
    assert list(json.loads(header["__metadata__"]["vae"]))[-1] == "sha256"


@settings(max_examples=400, deadline=None)
@given(at=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_changed_byte_anywhere_is_noticed(tmp_path_factory, at, flip):
    path = tmp_path_factory.getbasetemp() / "mutant.vae.safetensors"
    content = bytearray(sealed.sealed(dict(made().state_dict()), INFO.model_dump(mode="json")))
    content[int(at * len(content))] ^= flip
    path.write_bytes(content)
    refused(path)


def test_each_changed_byte_of_the_header_is_noticed(path):
    content = path.read_bytes()
    dice = random.Random(0)
    for at in range(0, 8 + struct.unpack("<Q", content[:8])[0], 3):
        mutant = bytearray(content)
        mutant[at] ^= dice.randint(1, 255)
        path.write_bytes(mutant)
        refused(path)


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 100, 1000, -1, -4, -1000])
def test_a_file_that_was_cut_off_is_refused(path, length):
    path.write_bytes(path.read_bytes()[:length])
    refused(path)


def test_bytes_at_the_end_are_noticed(path):
    path.write_bytes(path.read_bytes() + b"\0")
    assert "damaged" in refused(path)


def test_a_newer_format_is_refused_with_the_way_out(path):
    sentence = refused(resealed(path, format=model_file.FORMAT + 1))
    assert f"made by a newer VAE Explorer (format {model_file.FORMAT + 1}); update this program" in sentence


@pytest.mark.parametrize("version", [0, -1, "1", None, 1.5, [1]])
def test_a_format_that_is_no_version_is_refused(path, version):
    refused(resealed(path, format=version))


def test_a_header_above_one_mebibyte_is_not_parsed(path):
    content = path.read_bytes()
    path.write_bytes(struct.pack("<Q", (1 << 20) + 1) + b" " * (1 << 20) + content)
    assert "is not a VAE Explorer model file" in refused(path)
    with pytest.raises(SealedError, match="larger than 1 MiB"):
        sealed.sealed({}, {"format": 1, "data": "x" * (1 << 20)})


def test_pickles_are_never_opened(path):
    class Bomb:
        def __reduce__(self):
            return os.abort, ()

    path.write_bytes(pickle.dumps(Bomb()))
    refused(path)
    torch.save({"a": torch.zeros(2)}, path)
    refused(path)


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"{}" * 50, b"\x89PNG\r\n", struct.pack("<Q", 2**63) + b"{}"])
def test_what_is_no_model_file_is_refused(path, content):
    path.write_bytes(content)
    assert "is not a VAE Explorer model file" in refused(path)


@pytest.mark.parametrize(
    "header", ["[]", "{}", "1", '{"__metadata__": 1}', '{"__metadata__": {"vae": "["}}', "[" * 100_000, "\udcff"]
)
def test_headers_of_other_files_are_refused(path, header):
    encoded = header.encode(errors="surrogateescape")
    path.write_bytes(struct.pack("<Q", len(encoded)) + encoded)
    refused(path)


def test_a_safetensors_file_of_somebody_else_is_refused(path):
    import safetensors.torch

    safetensors.torch.save_file({"weight": torch.zeros(2)}, path)
    assert "is not a VAE Explorer model file" in refused(path)


def test_a_file_without_a_digest_is_refused(path):
    import safetensors.torch

    text = json.dumps(INFO.model_dump(mode="json"))
    path.write_bytes(safetensors.torch.save(dict(made().state_dict()), metadata={"vae": text}))
    assert "no digest" in refused(path)


def changed(name, tensor):
    weights = dict(made().state_dict())
    weights[name] = tensor
    return weights


WEIGHT = "encoder.1.weight"  # of the first hidden layer: [4, 64]


@pytest.mark.parametrize(
    ("tensor", "sentence"),
    [
        (torch.zeros(4, 63), "is 4 × 63 float32, its configuration requires 4 × 64 float32"),
        (torch.zeros(4, 64, dtype=torch.float64), "is 4 × 64 float64"),
        (torch.zeros(4, 64, dtype=torch.float16), "is 4 × 64 float16"),
        (torch.zeros(()), "is a number float32"),
        (torch.full((4, 64), float("nan")), "not finite numbers"),
        (torch.full((4, 64), float("-inf")), "not finite numbers"),
    ],
)
def test_weights_that_do_not_fit_the_configuration_are_refused(path, tensor, sentence):
    assert sentence in refused(resealed(path, changed(WEIGHT, tensor)))


def test_a_weight_too_many_or_too_few_is_refused(path):
    assert "(extra)" in refused(resealed(path, changed("extra", torch.zeros(1))))
    weights = dict(made().state_dict())
    del weights[WEIGHT]
    assert f"({WEIGHT})" in refused(resealed(path, weights))


@pytest.mark.parametrize(
    "changes",
    [
        {"config__z_dim": 0},
        {"config__z_dim": 3},
        {"config__network": "vgg"},
        {"config__hidden": 10**9},
        {"config__image_shape": [1, 8]},
        {"config__image_shape": [1, 8, 9]},
        {"config__unknown": 1},
        {"preparation__image_shape": [1, 9, 9]},
        {"preparation": None},
        {"data": 7},
        {"kl_per_dimension": [1.0]},
        {"statistics__mu_variance": [1.0, 2.0, 3.0]},
        {"statistics__elbo_quantiles": [1.0]},
        {"statistics__split": "train"},
    ],
)
def test_a_description_that_makes_no_sense_is_refused_although_its_digest_is_right(path, changes):
    refused(resealed(path, **changes))


def test_figures_that_are_no_numbers_are_neither_written_nor_read(path):
    with pytest.raises(ValueError, match="JSON"):
        resealed(path, validation__elbo=float("nan"))
    with pytest.raises(ValueError, match="finite"):
        SplitFigures(elbo=float("nan"), reconstruction=0.0, kl=0.0)


def test_a_huge_network_is_refused_before_there_is_memory_for_it(path):
    sentence = refused(resealed(path, config__hidden=8192, config__network="mlp"))
    assert "its configuration requires" in sentence
    assert "8192" in sentence


def test_what_a_later_version_adds_does_no_harm(path):
    assert model_file.load(resealed(path, colour="blue"))[1] == INFO


def test_a_folder_and_a_missing_file_are_said(tmp_path):
    with pytest.raises(ModelFileError, match=f"{tmp_path} is not a file"):
        model_file.load(tmp_path)
    with pytest.raises(ModelFileError, match=r"There is no file .*gone"):
        model_file.load(tmp_path / "gone")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFileError, match="is not a file"):
        model_file.load(tmp_path / "pipe")


def test_weights_that_are_no_numbers_are_not_written(path):
    before = path.read_bytes()
    model = made()
    with torch.no_grad():
        next(model.parameters())[0, 0] = float("nan")
    with pytest.raises(ModelFileError, match=f"{path.name} was not written: {WEIGHT} has weights"):
        model_file.save(path, model, INFO)
    assert path.read_bytes() == before


def test_a_network_whose_weights_would_fill_more_than_a_model_file_is_refused():
    huge = VAEConfig(image_shape=(3, 128, 128), z_dim=2, hidden=8192)
    with pytest.raises(ValueError, match=r"This network has 3\.\d GiB of weights; the limit is 1 GiB: choose fewer"):
        model_file.check_size(huge)
    model_file.check_size(huge.model_copy(update={"image_shape": (3, 28, 28)}))


@pytest.fixture
def bundled(tmp_path, monkeypatch):
    (tmp_path / "resources" / "models").mkdir(parents=True)
    (tmp_path / "resources" / "models" / "mnist.vae.safetensors").touch()
    monkeypatch.setattr(paths, "resources", lambda: tmp_path / "resources")
    return tmp_path / "resources" / "models" / "mnist.vae.safetensors"


def test_models_are_found_by_name_by_path_and_by_their_runs_folder(bundled, path, tmp_path):
    assert paths.bundled_models() == {"mnist": bundled}
    assert models.find("mnist") == bundled
    assert models.find(str(path)) == path
    (tmp_path / "run").mkdir()
    path.rename(tmp_path / "run" / "model.vae.safetensors")
    assert models.find(str(tmp_path / "run")) == tmp_path / "run" / "model.vae.safetensors"


def test_a_runs_models_are_called_by_their_runs_folder(path, tmp_path, monkeypatch):
    run = tmp_path / "2026-02-03-bars.v2-mlp-2"
    run.mkdir()
    for name in ("model", "best", "other"):
        (run / f"{name}.vae.safetensors").write_bytes(path.read_bytes())
    assert models.name_of(run / "model.vae.safetensors") == "model"  # this is no run yet
    (run / "config.json").touch()
    names = {"model.vae.safetensors": run.name, "best.vae.safetensors": f"{run.name} · best"}
    names |= {"other.vae.safetensors": "other", ".": run.name, "config.json": "config.json"}
    assert {name: models.name_of(run / name) for name in names} == names
    monkeypatch.chdir(run)
    assert {name: models.name_of(Path(name)) for name in names} == names
    assert models.name_of(path) == "bars"


def test_a_model_that_is_not_there_is_said_with_a_guess(bundled, tmp_path):
    with pytest.raises(ModelFileError, match=r"There is no model 'mnits': did you mean mnist\?"):
        models.find("mnits")
    with pytest.raises(ModelFileError, match="give a file, or one of mnist"):
        models.find(str(tmp_path))
