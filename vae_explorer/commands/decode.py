"""vae-explorer decode: the picture of one latent point."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from vae_explorer.commands.output import show
from vae_explorer.commands.usage import Draw, Json, Model, Seed, WrongUsage, picture_file, require
from vae_explorer.core.latent import latent_point
from vae_explorer.errors import UserError


def decode(
    model: Model,
    /,
    *,
    z: Annotated[str, Parameter(help="the latent point, as comma-separated numbers", allow_leading_hyphen=True)],
    out: Annotated[Path, Parameter(help="the picture to write (.png or .jpg)", validator=picture_file)],
    draw: Draw = False,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Decode a latent point into a picture: the mean of p(x|z), or an x drawn from it."""
    values = _numbers(z)
    import torch

    from vae_explorer.export import picture
    from vae_explorer.training import model_file, models

    vae, info = model_file.load(models.find(model))
    if draw:
        require(info.card, "spread", "--draw")
    if len(values) != vae.z_dim:
        raise UserError(f"This model has {vae.z_dim} latent dimensions; --z has {len(values)} numbers")
    with torch.inference_mode():
        likelihood = vae.decode(torch.from_numpy(latent_point(values))[None])
        if not likelihood.mean.isfinite().all():
            raise UserError("This z is too far from 0: the decoder overflows there; choose one closer to 0")
        x = likelihood.draw(torch.Generator().manual_seed(seed)) if draw else likelihood.mean
    picture.write(out, picture.levels(x.numpy()))
    show({"out": str(out), "z": values}, as_json=json, text=str(out))


def _numbers(z: str) -> list[float]:
    try:
        values = [float(value) for value in z.split(",")]
    except ValueError:
        raise WrongUsage(f"--z takes comma-separated numbers, such as 0.5,-1, got {z}") from None
    try:
        latent_point(values)
    except ValueError as error:
        raise WrongUsage(f"--z {error}, got {z}") from None
    return values
