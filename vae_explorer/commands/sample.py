"""vae-explorer sample: pictures from the prior."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from vae_explorer.commands.output import Json, show


def sample(
    model: Annotated[str, Parameter(help="a model file, a run's folder, or a bundled model's name")],
    /,
    *,
    count: Annotated[int, Parameter(help="pictures")] = 64,
    out: Annotated[Path, Parameter(help="the PNG to write")],
    temperature: Annotated[float, Parameter(help="multiplies z; 1 is the prior N(0, I)")] = 1.0,
    draw: Annotated[bool, Parameter(help="draw x from p(x|z) in place of its mean", negative=())] = False,
    seed: Annotated[int, Parameter(help="decides the z's")] = 0,
    json: Json = False,
) -> None:
    """Sample z from the prior N(0, I) and decode each into a picture."""
    from math import ceil, sqrt

    import numpy as np
    import torch

    from vae_explorer.cli import WrongUsage
    from vae_explorer.core.latent import prior_sample
    from vae_explorer.data import atomic, picture
    from vae_explorer.training import model_file, models

    if not 1 <= count <= 10_000:
        raise WrongUsage(f"--count must be between 1 and 10,000, got {count}")
    if not 0 <= temperature <= 100:
        raise WrongUsage(f"--temperature must be between 0 and 100, got {temperature:g}")
    vae, _ = model_file.load(models.find(model))
    z = prior_sample(count, vae.z_dim, temperature=temperature, seed=seed)
    noise = torch.Generator().manual_seed(seed)
    x = []
    with torch.inference_mode():
        for part in torch.split(torch.from_numpy(z), 256):
            likelihood = vae.decode(part)
            x.append((likelihood.draw(noise) if draw else likelihood.mean).numpy())
    grid = picture.grid(picture.levels(np.concatenate(x)), columns=ceil(sqrt(count)))
    atomic.write(out, picture.png(grid))
    show({"out": str(out), "count": count, "z": z.tolist()}, as_json=json, text=str(out))
