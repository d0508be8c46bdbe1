"""Shared by all tests: no display, one torch thread, own folders, and nothing left running."""

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["OMP_NUM_THREADS"] = "1"

from jaxtyping import install_import_hook

install_import_hook("vae_explorer.core", "beartype.beartype")  # shapes in signatures are checked while tests run

import pytest
import torch


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory, monkeypatch):
    """No test reads or writes the user's own files."""
    monkeypatch.setenv("VAE_EXPLORER_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    torch.set_num_threads(1)
