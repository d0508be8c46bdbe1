"""vae-explorer evaluate: a model's figures over a data set."""

import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from vae_explorer.commands.output import number, show
from vae_explorer.commands.usage import Between, Data, ImportanceSamples, Json, Model, Seed, require
from vae_explorer.errors import UserError

if TYPE_CHECKING:
    from vae_explorer.core.aggregate import Decomposition
    from vae_explorer.training.evaluation import Evaluation
    from vae_explorer.training.model_file import ModelInfo


def evaluate(
    model: Model,
    data: Data,
    /,
    *,
    split: Annotated[Literal["train", "validation", "test"], Parameter(help="which images to evaluate")] = "test",
    importance_samples: ImportanceSamples = None,
    limit: Annotated[int | None, Parameter(help="evaluate only the first images", validator=Between(1, 10**9))] = None,
    aggregate: Annotated[
        bool, Parameter(help="also split the average KL into information and KL(q(z) ‖ p(z))", negative=())
    ] = False,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Evaluate a model: ELBO, reconstruction and KL in nats per image, and optionally log p(x).

    Ctrl+C gives the figures of the images that are done.
    """
    from vae_explorer.commands.drive import drive
    from vae_explorer.core.aggregate import AggregatedPosterior, decompose
    from vae_explorer.data import catalog
    from vae_explorer.training import model_file, models
    from vae_explorer.training.evaluation import Evaluator

    vae, info = model_file.load(models.find(model))
    card = info.card
    if importance_samples:
        require(card, "evidence", "--importance-samples")
    if aggregate:
        require(card, "elbo", "--aggregate")
    images = drive(catalog.load(data, info.reading)).part(split, info.split_seed, info.validation_images)
    if images.image_shape != card.image_shape:
        raise UserError(f"{data} has images of {images.image_shape}; this model takes {card.image_shape}")
    if limit:
        images = images.take(slice(0, limit))
    evaluator = Evaluator(vae, images, info.preparation, importance_samples=importance_samples, seed=seed)
    try:
        result = drive(evaluator.work())
        parts = drive(decompose(AggregatedPosterior(result.mu, result.sigma), seed)) if aggregate else None
    except KeyboardInterrupt:
        partial = evaluator.so_far()
        done = partial.images if partial else 0
        rest = ": these numbers are for the first ones only" if 0 < done < len(images) else ""
        print(f"Stopped after {done:,} of {len(images):,} {split} images{rest}", file=sys.stderr)
        if partial:
            _show(partial, info, importance_samples, of=len(images), as_json=json)
        raise
    _show(result, info, importance_samples, parts, of=len(images), as_json=json)


def _show(
    result: "Evaluation",
    info: "ModelInfo",
    importance_samples: int | None,
    parts: "Decomposition | None" = None,
    *,
    of: int,
    as_json: bool,
) -> None:
    from vae_explorer.core.judgement import MIN_EFFECTIVE_DRAWS

    card = info.card
    is_complete = result.images == of
    figures: dict[str, Any] = {
        "elbo": result.elbo,
        "reconstruction": result.reconstruction,
        "kl": result.kl,
        "kl_per_dimension": None if result.kl_per_dimension is None else result.kl_per_dimension.tolist(),
        "active_dimensions": result.active_dimensions,
        "log_evidence": result.log_evidence,
        "gap": result.gap,
        "standard_error": result.standard_error,
        "effective_sample_size": result.effective_sample_size,
        "low_effective_sample_size": result.low_effective_sample_size,
        "information": parts.information if parts else None,
        "information_error": parts.information_error if parts else None,
        "marginal_kl": parts.marginal_kl if parts else None,
        "marginal_kl_error": parts.marginal_kl_error if parts else None,
        "saturated": parts.is_saturated if parts else None,
        "images": result.images,
        "complete": is_complete,
        "likelihood": card.likelihood,
        "binarisation": info.preparation.binarise,
        "split": result.split,
    }
    count = f"{of:,}" if is_complete else f"stopped after {result.images:,} of {of:,}"
    lines = [f"{count} {result.split} images, {card.likelihood} likelihood, nats per image"]
    if card.can("elbo"):
        lines += [
            f"ELBO            {number(result.elbo)}",
            f"reconstruction  {number(result.reconstruction)}",
            f"KL              {number(result.kl)}",
        ]
    else:
        lines += [
            f"reconstruction  {number(result.reconstruction)}: log p(x|z) of the one z that the encoder gives",
            card.why_not("elbo"),
        ]
    lines.append(f"active          {len(result.active_dimensions)} of {card.z_dim} dimensions")
    if result.log_evidence is not None:
        lines += [
            f"log p(x)        {number(result.log_evidence, result.standard_error)}",
            f"gap             {number(result.gap)}",
            f"effective sample size (median) {number(result.effective_sample_size)} of {importance_samples:,}; "
            f"below {MIN_EFFECTIVE_DRAWS:g} for {result.low_effective_sample_size:,} images: log p(x) may be higher",
        ]
    if parts:
        saturated = "; saturated: information cannot exceed log N" if parts.is_saturated else ""
        lines += [
            f"average KL      {number(parts.kl, parts.kl_error)} by sampling = "
            f"information {number(parts.information, parts.information_error)} + "
            f"KL(q(z) ‖ p(z)) {number(parts.marginal_kl, parts.marginal_kl_error)}",
            f"N               {parts.n:,}, log N {number(parts.log_n)}{saturated}",
        ]
    show(figures, as_json=as_json, text="\n".join(lines))
