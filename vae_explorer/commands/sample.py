"""vae-explorer sample: pictures from the prior, or from what stands in for it."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from vae_explorer.commands.output import show
from vae_explorer.commands.usage import (
    MAX_PICTURES,
    Between,
    Draw,
    Json,
    Model,
    Seed,
    WrongUsage,
    picture_file,
    require,
)
from vae_explorer.core.aggregate import SampleSource
from vae_explorer.errors import UserError, shown


def sample(
    model: Model,
    /,
    *,
    count: Annotated[int, Parameter(help="number of pictures", validator=Between(1, MAX_PICTURES))] = 64,
    out: Annotated[Path, Parameter(help="the picture to write (.png or .jpg): all in a grid", validator=picture_file)],
    source: Annotated[
        SampleSource,
        Parameter(
            name="--from",
            help="the prior N(0, I), a Gaussian or a mixture of up to ten fitted to q(z) of the test images, or q(z|x) "
            "of test images",
        ),
    ] = "prior",
    temperature: Annotated[
        float, Parameter(help="multiplies the prior's z; 1 is N(0, I)", validator=Between(0, 100))
    ] = 1.0,
    draw: Draw = False,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Sample z from the prior N(0, I), or from q(z) of the test images, and decode each into a picture."""
    if source != "prior" and temperature != 1:
        raise WrongUsage(f"--temperature applies only to --from prior: omit it with --from {source}")
    from math import ceil, sqrt

    import numpy as np
    import torch

    from vae_explorer.core.aggregate import AggregatedPosterior
    from vae_explorer.core.latent import prior_sample
    from vae_explorer.export import picture
    from vae_explorer.training import model_file, models

    path = models.find(model)
    content = model_file.read(path)
    vae, stored = content.model, content.posteriors
    if draw:
        require(content.info.card, "spread", "--draw")
    if source == "prior":
        z = prior_sample(count, vae.z_dim, temperature=temperature, seed=seed)
    elif stored is None:
        raise UserError(
            f"{shown(path.name)} has no stored posteriors: it was saved before its run ended; "
            "use the run's final model file, or --from prior"
        )
    else:
        z = AggregatedPosterior(stored.mu, stored.sigma).sample(source, count, seed)
    noise = torch.Generator().manual_seed(seed)
    x = []
    with torch.inference_mode():
        for part in torch.split(torch.from_numpy(z), 256):
            likelihood = vae.decode(part)
            x.append((likelihood.draw(noise) if draw else likelihood.mean).numpy())
    picture.write(out, picture.levels(np.concatenate(x)), columns=ceil(sqrt(count)))
    show({"out": str(out), "count": count, "from": source, "z": z.tolist()}, as_json=json, text=str(out))
