"""Latent points a second when log p(x) is estimated, beside the products of the decoder's layers alone.

The program: `bounds` of test images with K draws each, from the image to its figures. The products: each layer of the
decoder that has weights, for as many latent points at once as the program decodes, with inputs that are ready: no
other layer, no noise, no likelihood. Both have the same number of threads, by turns, so that a busy machine slows both;
the best turn of each counts.

    python benchmarks/evidence.py [--quick] [--json] [--model NAME_OR_FILE] [--draws K] [--threads N]
"""

import time
from collections.abc import Callable

import torch
from report import Figure, options, progress, show
from torch import Tensor, nn

from vae_explorer.core.evidence import DECODED_AT_ONCE, bounds
from vae_explorer.core.vae import VAE
from vae_explorer.training import model_file, models

IMAGES = 4  # a turn
TURNS, QUICK_TURNS = 20, 8
AIM_RATIO = 0.6
PRODUCTS = nn.Linear | nn.Conv2d | nn.ConvTranspose2d


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--model", default="mnist", help="a model file, a run's folder, or a bundled model's name")
    parser.add_argument("--draws", type=int, default=5000, help="of z for each image (K)")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    model, _ = model_file.load(models.find(chosen.model))
    generator = torch.Generator().manual_seed(0)
    x = (torch.rand(IMAGES, *model.image_shape, generator=generator) < 0.2).float()

    turns = QUICK_TURNS if chosen.quick else TURNS
    points = IMAGES * chosen.draws
    products, repeats = _products(model), max(1, points // DECODED_AT_ONCE)
    estimated: list[float] = []
    alone: list[float] = []
    for turn in range(turns):
        progress(f"turn {turn + 1} of {turns}")
        estimated.append(points / _seconds(lambda: list(bounds(model, x, importance_samples=chosen.draws))))
        alone.append(repeats * DECODED_AT_ONCE / _seconds(lambda: [products() for _ in range(repeats)]))
    progress("")

    figures = [
        Figure("estimating log p(x)", max(estimated), "points/s"),
        Figure("products of the decoder alone", max(alone), "points/s"),
        Figure("ratio", max(estimated) / max(alone), "×", (">=", AIM_RATIO)),
    ]
    config = model.config
    notes = [
        f"{chosen.model}: {config.network} {config.hidden}-{config.hidden}-{config.z_dim}, {config.likelihood}, "
        f"K = {chosen.draws:,}, {DECODED_AT_ONCE} points at once, {chosen.threads} threads, best of {turns} turns"
    ]
    show("evidence", figures, notes, as_json=chosen.json)


def _products(model: VAE) -> Callable[[], None]:
    """One pass of the layers with weights, each on the input that it has in the decoder."""
    layers = [layer for layer in model.decoder.modules() if isinstance(layer, PRODUCTS)]
    inputs: dict[nn.Module, Tensor] = {}
    hooks = [layer.register_forward_pre_hook(lambda layer, given: inputs.update({layer: given[0]})) for layer in layers]
    with torch.inference_mode():
        model.decode(torch.randn(DECODED_AT_ONCE, model.z_dim, generator=torch.Generator().manual_seed(1)))
    for hook in hooks:
        hook.remove()

    @torch.inference_mode()
    def products() -> None:
        for layer in layers:
            layer(inputs[layer])

    return products


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
