"""vae-explorer sample: pictures from the prior."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from vae_explorer.commands.output import show, write_picture
from vae_explorer.commands.usage import MAX_PICTURES, Between, Draw, Json, Model, Seed


def sample(
    model: Model,
    /,
    *,
    count: Annotated[int, Parameter(help="how many pictures", validator=Between(1, MAX_PICTURES))] = 64,
    out: Annotated[Path, Parameter(help="the PNG to write: all pictures in a grid")],
    temperature: Annotated[
        float, Parameter(help="multiplies z; 1 is the prior N(0, I)", validator=Between(0, 100))
    ] = 1.0,
    draw: Draw = False,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Sample z from the prior N(0, I) and decode each into a picture."""
    from math import ceil, sqrt

    import numpy as np
    import torch

    from vae_explorer.core.latent import prior_sample
    from vae_explorer.data import picture
    from vae_explorer.training import model_file, models

    vae, _ = model_file.load(models.find(model))
    z = prior_sample(count, vae.z_dim, temperature=temperature, seed=seed)
    noise = torch.Generator().manual_seed(seed)
    x = []
    with torch.inference_mode():
        for part in torch.split(torch.from_numpy(z), 256):
            likelihood = vae.decode(part)
            x.append((likelihood.draw(noise) if draw else likelihood.mean).numpy())
    write_picture(out, picture.grid(picture.levels(np.concatenate(x)), columns=ceil(sqrt(count))))
    show({"out": str(out), "count": count, "z": z.tolist()}, as_json=json, text=str(out))
