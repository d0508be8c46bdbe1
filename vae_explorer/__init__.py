"""VAE Explorer: train, see and use a variational autoencoder."""

__version__ = "0.1.0"
