"""vae-explorer evaluate: a model's figures over a data set."""

from typing import Annotated, Literal

from cyclopts import Parameter

from vae_explorer.commands.output import Json, number, show


def evaluate(
    model: Annotated[str, Parameter(help="a model file, a run's folder, or a bundled model's name")],
    data: Annotated[str, Parameter(help="a data set's name, a folder of images, or a file")],
    /,
    *,
    split: Annotated[Literal["train", "validation", "test"], Parameter(help="which images")] = "test",
    importance_samples: Annotated[int | None, Parameter(help="draws of z per image to estimate log p(x) with")] = None,
    limit: Annotated[int | None, Parameter(help="only the first so many images")] = None,
    seed: Annotated[int, Parameter(help="decides the draws of z")] = 0,
    json: Json = False,
) -> None:
    """Evaluate a model: ELBO, reconstruction and KL in nats per image, and log p(x) where asked for."""
    from vae_explorer.cli import WrongUsage
    from vae_explorer.commands.drive import drive
    from vae_explorer.data import catalog
    from vae_explorer.training import evaluation, model_file, models

    for flag, value in (("--importance-samples", importance_samples), ("--limit", limit)):
        if value is not None and value < 1:
            raise WrongUsage(f"{flag} must be at least 1, got {value}")
    vae, info = model_file.load(models.find(model))
    images = drive(catalog.load(data)).part(split, info.split_seed)
    if images.image_shape != vae.image_shape:
        raise ValueError(
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
        "gap": result.gap if importance_samples and importance_samples > 1 else None,
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
        lines += [
            f"log p(x)        {number(result.log_evidence)} ± {number(result.standard_error)}",
            f"gap             {number(figures['gap'])}",
            f"effective sample size (median) {number(result.effective_sample_size)} of {importance_samples:,}",
        ]
    show(figures, as_json=json, text="\n".join(lines))


def _shape(shape: tuple[int, int, int]) -> str:
    channels, height, width = shape
    return f"{height} × {width} {'grey' if channels == 1 else 'colour'} pixels"
