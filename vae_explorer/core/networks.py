"""Encoder and decoder networks by name. An encoder gives [n, features], a decoder the image's logits [n, c, h, w]."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import prod

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vae_explorer.core.config import Network, VAEConfig

CONV_CHANNELS = (32, 64, 64, 64)  # of the strided convolutions; as many are used as the image's size allows
RESIDUAL_CHANNELS = (16, 32, 64, 64)  # fewer where maps are large: that is where the time goes
CONV_HALVED, RESIDUAL_HALVED = 8, 5  # pixels: a feature map is halved while its shorter side has at least so many


class Pair(nn.Module):
    """A network for each direction: x → the numbers of the posterior, z → the logits of the image."""

    def __init__(self, encoder: nn.Sequential, decoder: nn.Sequential):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder


class Crop(nn.Module):
    """Cuts the rows and columns that doubling a halved odd side has added."""

    def __init__(self, height: int, width: int):
        super().__init__()
        self.height, self.width = height, width

    def forward(self, x: Float[Tensor, "n c _h _w"]) -> Float[Tensor, "n c h w"]:
        return x[..., : self.height, : self.width]


class ChannelsLast(nn.Module):
    """Lays the numbers of each pixel side by side in memory: convolutions on a CPU are faster for it."""

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        return x.contiguous(memory_format=torch.channels_last)


class Residual(nn.Module):
    """x + f(x), where f is two convolutions of activated values (He et al. 2016, fig. 4e)."""

    def __init__(self, channels: int):
        super().__init__()
        convolutions = [nn.Conv2d(channels, channels, kernel_size=3, padding=1) for _ in range(2)]
        self.change = nn.Sequential(nn.ELU(), convolutions[0], nn.ELU(), convolutions[1])

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        changed: Float[Tensor, "n c h w"] = x + self.change(x)
        return changed


def mlp(config: VAEConfig) -> Pair:
    """Two hidden layers of rectified linear units on each side."""
    return _two_layers(config, _dense)


def gated_mlp(config: VAEConfig) -> Pair:
    """Two hidden layers of gated linear units on each side, (W h + b) ⊙ σ(V h + c) (Dauphin et al. 2017)."""
    return _two_layers(config, _gated)


def conv(config: VAEConfig) -> Pair:
    """Strided convolutions down to a small map and a dense layer; the decoder is the mirror image."""
    sizes = _halvings(config, CONV_HALVED, most=len(CONV_CHANNELS))
    channels = (config.image_shape[0], *CONV_CHANNELS[: len(sizes) - 1])
    down: list[nn.Module] = []
    for before, after in pairwise(channels):
        down += [nn.Conv2d(before, after, kernel_size=3, stride=2, padding=1), nn.ReLU()]
    up: list[nn.Module] = []
    for level in range(len(sizes) - 1, 0, -1):
        after = channels[level - 1]
        up += [nn.ConvTranspose2d(channels[level], after, kernel_size=4, stride=2, padding=1), Crop(*sizes[level - 1])]
        if level > 1:
            up.append(nn.ReLU())
    return _around_dense_layers(config, down, (channels[-1], *sizes[-1]), up)


def residual(config: VAEConfig) -> Pair:
    """A residual block after each strided convolution, and before each transposed one of the decoder: after the plain
    network of Kingma et al. (2016), whose blocks are strided themselves."""
    sizes = _halvings(config, RESIDUAL_HALVED, most=len(RESIDUAL_CHANNELS))
    channels = (config.image_shape[0], *RESIDUAL_CHANNELS[: len(sizes) - 1])
    down: list[nn.Module] = []
    for before, after in pairwise(channels):
        down += [nn.Conv2d(before, after, kernel_size=3, stride=2, padding=1), ChannelsLast(), Residual(after)]
    up: list[nn.Module] = [ChannelsLast()]
    for level in range(len(sizes) - 1, 0, -1):
        before, after = channels[level], channels[level - 1]
        up += [Residual(before), nn.ConvTranspose2d(before, after, kernel_size=4, stride=2, padding=1)]
        up.append(Crop(*sizes[level - 1]))
    return _around_dense_layers(config, down, (channels[-1], *sizes[-1]), up)


NETWORKS: dict[Network, Callable[[VAEConfig], Pair]] = {
    "mlp": mlp,
    "gated_mlp": gated_mlp,
    "conv": conv,
    "residual": residual,
}


def _two_layers(config: VAEConfig, layers: Callable[..., list[nn.Module]]) -> Pair:
    channels, height, width = config.image_shape
    pixels = channels * height * width
    encoder = nn.Sequential(
        nn.Flatten(), *layers(pixels, config.hidden, config.hidden), nn.Linear(config.hidden, config.encoder_outputs)
    )
    decoder = nn.Sequential(
        *layers(config.z_dim, config.hidden, config.hidden),
        nn.Linear(config.hidden, pixels),
        nn.Unflatten(1, config.image_shape),
    )
    return Pair(encoder, decoder)


def _around_dense_layers(
    config: VAEConfig, down: Sequence[nn.Module], small: tuple[int, int, int], up: Sequence[nn.Module]
) -> Pair:
    """What turns images to small maps, two dense layers on each side, and what turns small maps to images."""
    features = prod(small)
    encoder = nn.Sequential(
        *down, nn.Flatten(), *_dense(features, config.hidden), nn.Linear(config.hidden, config.encoder_outputs)
    )
    decoder = nn.Sequential(*_dense(config.z_dim, config.hidden, features), nn.Unflatten(1, small), *up)
    return Pair(encoder, decoder)


def _dense(*widths: int) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return layers


def _gated(*widths: int) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, 2 * after), nn.GLU(dim=1)]
    return layers


def _halvings(config: VAEConfig, while_at_least: int, most: int) -> list[tuple[int, int]]:
    """The sizes of the maps, the image first."""
    sizes = [config.image_shape[1:]]
    while min(sizes[-1]) >= while_at_least and len(sizes) <= most:
        height, width = sizes[-1]
        sizes.append(((height + 1) // 2, (width + 1) // 2))
    return sizes
