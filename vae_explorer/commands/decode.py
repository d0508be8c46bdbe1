"""vae-explorer decode: the picture of one latent point."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from vae_explorer.commands.output import Json, show


def decode(
    model: Annotated[str, Parameter(help="a model file, a run's folder, or a bundled model's name")],
    /,
    *,
    z: Annotated[str, Parameter(help="the latent point: numbers with commas between", allow_leading_hyphen=True)],
    out: Annotated[Path, Parameter(help="the PNG to write")],
    draw: Annotated[bool, Parameter(help="draw x from p(x|z) in place of its mean", negative=())] = False,
    seed: Annotated[int, Parameter(help="decides the draw")] = 0,
    json: Json = False,
) -> None:
    """Decode a latent point into a picture: the mean of p(x|z), or an x drawn from it."""
    import torch

    from vae_explorer.data import atomic, picture
    from vae_explorer.training import model_file, models

    vae, _ = model_file.load(models.find(model))
    try:
        values = [float(value) for value in z.split(",")]
    except ValueError:
        raise ValueError(f"--z takes numbers with commas between, such as 0.5,-1, got {z}") from None
    if len(values) != vae.z_dim:
        raise ValueError(f"This model has {vae.z_dim} latent dimensions; --z has {len(values)} numbers")
    point = torch.tensor([values])
    if not torch.isfinite(point).all():
        raise ValueError("--z takes finite numbers only")
    with torch.inference_mode():
        likelihood = vae.decode(point)
        x = likelihood.draw(torch.Generator().manual_seed(seed)) if draw else likelihood.mean
    atomic.write(out, picture.png(picture.levels(x.numpy())[0]))
    show({"out": str(out), "z": values}, as_json=json, text=str(out))
