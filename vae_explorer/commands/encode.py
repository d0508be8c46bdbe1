"""vae-explorer encode: mu and sigma of images, samples from q(z|x), the ELBO of each."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from vae_explorer.commands.output import Json, number, numbers, show


def encode(
    model: Annotated[str, Parameter(help="a model file, a run's folder, or a bundled model's name")],
    image: Annotated[Path, Parameter(help="a picture")],
    /,
    *images: Annotated[Path, Parameter(help="more pictures")],
    samples: Annotated[int, Parameter(help="z's to draw from q(z|x) of each image")] = 0,
    importance_samples: Annotated[int | None, Parameter(help="draws of z per image to estimate log p(x) with")] = None,
    seed: Annotated[int, Parameter(help="decides the draws of z")] = 0,
    out: Annotated[Path | None, Parameter(help="a PNG: each image, its reconstruction, its samples decoded")] = None,
    json: Json = False,
) -> int:
    """Encode images: mu and sigma of q(z|x) for each; an image that cannot be read does not stop the others."""
    import numpy as np
    import torch

    from vae_explorer.cli import DONE, FAILED, WrongUsage
    from vae_explorer.core.evidence import bounds
    from vae_explorer.core.noise import posterior_noise
    from vae_explorer.data import atomic, picture
    from vae_explorer.data.preprocess import prepare
    from vae_explorer.training import model_file, models

    if samples < 0:
        raise WrongUsage(f"--samples must be at least 0, got {samples}")
    if importance_samples is not None and importance_samples < 1:
        raise WrongUsage(f"--importance-samples must be at least 1, got {importance_samples}")
    vae, info = model_file.load(models.find(model))
    results: list[dict[str, Any]] = []
    rows: list[np.ndarray] = []
    for path in (image, *images):
        try:
            x = prepare(picture.read(path), info.preparation).x
        except (ValueError, OSError) as error:
            results.append({"path": str(path), "error": str(error)})
            continue
        (bound,) = bounds(vae, torch.from_numpy(x)[None], importance_samples=importance_samples, seed=seed)
        z = bound.mu + bound.sigma * posterior_noise(x, samples, vae.z_dim, seed)
        results.append(
            {
                "path": str(path),
                "mu": bound.mu.tolist(),
                "sigma": bound.sigma.tolist(),
                "kl": bound.kl_per_dimension.tolist(),
                "samples": z.tolist(),
                "elbo": bound.elbo,
                "log_evidence": bound.log_evidence,
            }
        )
        with torch.inference_mode():
            decoded = vae.decode(torch.from_numpy(np.concatenate([bound.mu[None], z]))).mean.numpy()
        rows.append(np.concatenate([x[None], decoded]))
    if out and rows:
        atomic.write(out, picture.png(picture.grid(picture.levels(np.concatenate(rows)), columns=2 + samples)))
    show({"images": results}, as_json=json, text="\n".join(map(_text, results)))
    return FAILED if any("error" in result for result in results) else DONE


def _text(result: dict[str, Any]) -> str:
    if "error" in result:
        return f"{result['path']}: {result['error']}"
    lines = [
        f"{result['path']}: ELBO {number(result['elbo'])} nats",
        f"  mu     {numbers(result['mu'])}",
        f"  sigma  {numbers(result['sigma'])}",
        *(f"  z      {numbers(z)}" for z in result["samples"]),
    ]
    if result["log_evidence"] is not None:
        lines.append(f"  log p(x) {number(result['log_evidence'])} nats")
    return "\n".join(lines)
