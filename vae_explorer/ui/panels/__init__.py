"""The lecture's picture from left to right: training, image, latent point, decoded."""
