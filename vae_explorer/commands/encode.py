"""vae-explorer encode: mu and sigma of images, samples from q(z|x), the ELBO of each."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from vae_explorer.commands.output import number, numbers, show, write_picture
from vae_explorer.commands.usage import MAX_PICTURES, NO_EVIDENCE, Between, ImportanceSamples, Json, Model, Seed
from vae_explorer.errors import UserError


def encode(
    model: Model,
    image: Annotated[Path, Parameter(help="a picture")],
    /,
    *images: Annotated[Path, Parameter(help="more pictures")],
    samples: Annotated[
        int, Parameter(help="z's to draw from q(z|x) of each image", validator=Between(0, MAX_PICTURES))
    ] = 0,
    importance_samples: ImportanceSamples = None,
    seed: Seed = 0,
    out: Annotated[Path | None, Parameter(help="a PNG: each image, its reconstruction, its samples decoded")] = None,
    json: Json = False,
) -> None:
    """Encode pictures: mu and sigma of q(z|x), samples from it, the ELBO of each.

    A picture that cannot be read does not stop the others.
    """
    import numpy as np
    import torch

    from vae_explorer.core.evidence import bounds
    from vae_explorer.core.noise import posterior_noise
    from vae_explorer.data import picture
    from vae_explorer.data.preprocess import prepare
    from vae_explorer.training import model_file, models

    vae, info = model_file.load(models.find(model))
    if info.config.is_autoencoder and importance_samples:
        raise UserError(NO_EVIDENCE)
    if info.config.is_autoencoder and samples:
        raise UserError("A plain autoencoder has no q(z|x) to draw samples from: leave --samples out")
    results: list[dict[str, Any]] = []
    rows: list[np.ndarray] = []
    for path in (image, *images):
        try:
            x = prepare(picture.read(path), info.preparation).x
        except ValueError as error:
            results.append({"path": str(path), "error": str(error)})
            continue
        found = bounds(vae, torch.from_numpy(x)[None], importance_samples=importance_samples, seed=seed)
        bound = next(one for one in found if one)
        z = bound.mu + bound.sigma * posterior_noise(x, samples, vae.z_dim, seed)
        results.append(
            {
                "path": str(path),
                "mu": bound.mu.tolist(),
                "sigma": bound.sigma.tolist(),
                "kl": None if bound.kl_per_dimension is None else bound.kl_per_dimension.tolist(),
                "samples": z.tolist(),
                "elbo": bound.elbo,
                "reconstruction": bound.reconstruction,
                "log_evidence": bound.log_evidence,
                "gap": bound.gap,
                "standard_error": bound.standard_error,
                "effective_sample_size": bound.effective_sample_size,
            }
        )
        if not out:
            continue
        with torch.inference_mode():
            decoded = vae.decode(torch.from_numpy(np.concatenate([bound.mu[None], z]))).mean.numpy()
        rows.append(np.concatenate([x[None], decoded]))
    good = [result for result in results if "error" not in result]
    show({"images": results}, as_json=json, text="\n".join(map(_text, good)))
    if rows and out:
        write_picture(out, picture.grid(picture.levels(np.concatenate(rows)), columns=2 + samples))
    if len(good) < len(results):
        raise UserError(_failure(results))


def _text(result: dict[str, Any]) -> str:
    if result["elbo"] is None:
        figure = f"reconstruction {number(result['reconstruction'])} nats; a plain autoencoder has no ELBO"
    else:
        figure = f"ELBO {number(result['elbo'])} nats"
    lines = [
        f"{result['path']}: {figure}",
        f"  mu     {numbers(result['mu'], sign='+')}",
        f"  sigma  {numbers(result['sigma'], sign=' ')}",
        *(f"  z      {numbers(z, sign='+')}" for z in result["samples"]),
    ]
    if result["log_evidence"] is not None:
        error = "" if result["standard_error"] is None else f" ± {number(result['standard_error'])}"
        lines.append(f"  log p(x) {number(result['log_evidence'])}{error} nats")
    return "\n".join(lines)


def _failure(results: list[dict[str, Any]]) -> str:
    reasons = [result["error"] for result in results if "error" in result]
    if len(results) == 1:
        return str(reasons[0])
    return f"{len(reasons)} of {len(results)} images could not be encoded: {'; '.join(reasons)}"
