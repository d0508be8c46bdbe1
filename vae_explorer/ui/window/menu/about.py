"""Help → About."""

from PySide6.QtWidgets import QMessageBox, QWidget

from vae_explorer import __version__

TEXT = f"""VAE Explorer {__version__}

Train a variational autoencoder, see what it has learned, and use it.

MIT License. Copyright © 2026 The VAE Explorer authors. It comes without any warranty.

It contains the typeface Inter (SIL Open Font License) and uses Qt for Python (LGPL) and PyTorch (BSD)."""


def show_about(parent: QWidget) -> None:
    """The version, what it is for, and under which licence."""
    QMessageBox.about(parent, "VAE Explorer", TEXT)
