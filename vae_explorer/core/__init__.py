"""The science: what a variational autoencoder is. No Qt, no threads, no files, no global random state.

Axis letters in the shapes: n images or latent points, k draws of one image, c channels, h height, w width,
z latent dimensions.
"""
