"""vae-explorer evaluate: a model's figures over a data set."""

from typing import Annotated, Literal

from cyclopts import Parameter

from vae_explorer.commands.output import number, show
from vae_explorer.commands.usage import Between, Data, ImportanceSamples, Json, Model, Seed
from vae_explorer.errors import UserError


def evaluate(
    model: Model,
    data: Data,
    /,
    *,
    split: Annotated[Literal["train", "validation", "test"], Parameter(help="which images")] = "test",
    importance_samples: ImportanceSamples = None,
    limit: Annotated[int | None, Parameter(help="only the first so many images", validator=Between(1, 10**9))] = None,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Evaluate a model: ELBO, reconstruction and KL in nats per image, and log p(x) where asked for."""
    from vae_explorer.commands.drive import drive
    from vae_explorer.data import catalog
    from vae_explorer.training import evaluation, model_file, models

    vae, info = model_file.load(models.find(model))
    images = drive(catalog.load(data)).part(split, info.split_seed)
    if images.image_shape != vae.image_shape:
        raise UserError(
            f"{data} has images of {_shape(images.image_shape)}; this model takes {_shape(vae.image_shape)}"
        )
    if limit:
        images = images.take(slice(0, limit))
    result = drive(evaluation.evaluate(vae, images, info.preparation, importance_samples=importance_samples, seed=seed))
    figures = {
        "elbo": result.elbo,
        "reconstruction": result.reconstruction,
        "kl": result.kl,
        "kl_per_dimension": result.kl_per_dimension.tolist(),
        "active_dimensions": result.active_dimensions,
        "log_evidence": result.log_evidence,
        "gap": result.gap,
        "standard_error": result.standard_error,
        "effective_sample_size": result.effective_sample_size,
        "images": len(images),
        "likelihood": info.config.likelihood,
        "binarisation": info.preparation.binarise,
        "split": split,
    }
    lines = [
        f"{len(images):,} {split} images, {info.config.likelihood} likelihood, nats per image",
        f"ELBO            {number(result.elbo)}",
        f"reconstruction  {number(result.reconstruction)}",
        f"KL              {number(result.kl)}",
        f"active          {len(result.active_dimensions)} of {vae.z_dim} dimensions",
    ]
    if result.log_evidence is not None:
        error = "" if result.standard_error is None else f" ± {number(result.standard_error)}"
        lines += [
            f"log p(x)        {number(result.log_evidence)}{error}",
            f"gap             {number(result.gap)}",
            f"effective sample size (median) {number(result.effective_sample_size)} of {importance_samples:,}",
        ]
    show(figures, as_json=json, text="\n".join(lines))


def _shape(shape: tuple[int, int, int]) -> str:
    channels, height, width = shape
    return f"{height} × {width} {'grey' if channels == 1 else 'colour'} pixels"
