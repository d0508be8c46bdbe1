"""vae-explorer encode: mu and sigma of images, samples from q(z|x), the ELBO of each."""

from pathlib import Path
from re import fullmatch
from typing import TYPE_CHECKING, Annotated, Any, cast

from cyclopts import Parameter

from vae_explorer.commands.output import number, numbers, show
from vae_explorer.commands.usage import (
    MAX_PICTURES,
    Between,
    ImportanceSamples,
    Json,
    Model,
    Seed,
    WrongUsage,
    picture_file,
    require,
)
from vae_explorer.errors import UserError

if TYPE_CHECKING:
    import torch

    from vae_explorer.core.card import ModelCard
    from vae_explorer.core.evidence import Bound
    from vae_explorer.core.fit import FittedPosterior
    from vae_explorer.core.judgement import EncoderEstimate
    from vae_explorer.data.photo.frame import Frame
    from vae_explorer.data.picture import Picture

NUMBER = r"[0-9]{1,9}(\.[0-9]{1,9})?"


def frame_text(_type: Any, text: str | None) -> None:
    """A validator of --frame; the text goes on after the flag's name."""
    if text is not None and not fullmatch(rf"{NUMBER}(,{NUMBER}){{3}}(,[0-3])?", text):
        raise ValueError(
            "must be LEFT,TOP,WIDTH,HEIGHT in pixels of the picture, and ,TURNS (0 to 3 quarter turns clockwise) where "
            f"it is turned, got {text}"
        )


def encode(
    model: Model,
    image: Annotated[Path, Parameter(help="a picture")],
    /,
    *images: Annotated[Path, Parameter(help="more pictures")],
    samples: Annotated[
        int, Parameter(help="number of z to draw from q(z|x) of each image", validator=Between(0, MAX_PICTURES))
    ] = 0,
    importance_samples: ImportanceSamples = None,
    fit: Annotated[
        bool,
        Parameter(help="fit the best q(z|x) to each image with the decoder frozen, and split the gap", negative=()),
    ] = False,
    frame: Annotated[
        str | None,
        Parameter(
            help="the part of the picture to encode: LEFT,TOP,WIDTH,HEIGHT in its pixels, and quarter turns clockwise",
            validator=frame_text,
        ),
    ] = None,
    seed: Seed = 0,
    out: Annotated[
        Path | None,
        Parameter(
            help="the picture to write: each image, its reconstruction and decoded samples", validator=picture_file
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Encode pictures: mu and sigma of q(z|x), samples from it, and the ELBO.

    A picture that cannot be read does not stop the others.
    """
    import numpy as np
    import torch

    from vae_explorer.commands.drive import drive
    from vae_explorer.core.evidence import bounds
    from vae_explorer.core.fit import DRAWS
    from vae_explorer.core.fit import fit as best_posterior
    from vae_explorer.core.grid import true_posterior
    from vae_explorer.core.judgement import doubt_of, percentile
    from vae_explorer.core.noise import posterior_noise
    from vae_explorer.data import picture
    from vae_explorer.data.preprocess import prepare
    from vae_explorer.export.picture import levels, write
    from vae_explorer.training import model_file, models
    from vae_explorer.training.turn import doubt_about_turn

    if frame and images:
        raise WrongUsage("--frame is of one image, and several were given: encode them one by one")
    vae, info = model_file.load(models.find(model))
    card = info.card
    if importance_samples:
        require(card, "evidence", "--importance-samples")
    if samples or fit:
        require(card, "posterior", "--samples and --fit")
    quantiles = card.statistics.elbo_quantiles if card.statistics else None

    def bound_of(x: "torch.Tensor", draws: int | None) -> "Bound":
        return next(found for found in bounds(vae, x[None], importance_samples=draws, seed=seed) if found)

    results: list[dict[str, Any]] = []
    rows: list[np.ndarray] = []
    for path in (image, *images):
        try:
            photo = picture.read(path)
            prepared = prepare(photo, info.preparation, frame=_frame(frame, photo) if frame else None)
            x = torch.from_numpy(prepared.x)
        except ValueError as error:
            results.append({"path": str(path), "error": str(error)})
            continue
        bound, usual = bound_of(x, importance_samples), bound_of(x, None)
        z = bound.mu + bound.sigma * posterior_noise(x.numpy(), samples, vae.z_dim, seed)
        is_known = quantiles is not None and usual.elbo is not None
        found = drive(true_posterior(vae, x)) if importance_samples and card.can("exact") else None
        exact = found.log_evidence if found and found.is_settled else None
        best = drive(best_posterior(vae, x, draws=importance_samples or DRAWS, seed=seed)) if fit else None
        results.append(
            {
                "path": str(path),
                "mu": bound.mu.tolist(),
                "sigma": bound.sigma.tolist() if card.can("posterior") else None,
                "kl": None if bound.kl_per_dimension is None else bound.kl_per_dimension.tolist(),
                "samples": z.tolist(),
                "elbo": bound.elbo,
                "reconstruction": bound.reconstruction,
                "log_evidence": bound.log_evidence,
                "exact_log_evidence": exact,
                "gap": bound.gap,
                "standard_error": bound.standard_error,
                "effective_sample_size": bound.effective_sample_size,
                "doubt": doubt_of(estimate, exact) if (estimate := _estimate(bound)) else None,
                "percentile": percentile(usual.elbo, quantiles) if is_known else None,  # type: ignore[arg-type]
                "fit": _fitted(best) if best else None,
                "frame": prepared.frame.scaled(*photo.scale).model_dump(),
                "candidates": [one.scaled(*photo.scale).model_dump() for one in prepared.candidates],
                "frame_doubt": prepared.doubt
                or ("" if frame else doubt_about_turn(vae, card, prepared, info.preparation)),
            }
        )
        if not out:
            continue
        with torch.inference_mode():
            decoded = vae.decode(torch.from_numpy(np.concatenate([bound.mu[None], z]))).mean.numpy()
        rows.append(np.concatenate([x[None].numpy(), decoded]))
    good = [result for result in results if "error" not in result]
    show({"images": results}, as_json=json, text="\n".join(_text(one, card) for one in good))
    if rows and out:
        write(out, levels(np.concatenate(rows)), columns=2 + samples)
    if len(good) < len(results):
        raise UserError(_failure(results))


def _frame(text: str, photo: "Picture") -> "Frame":
    """In the pixels of the picture as it was read, from those of its file. Raises PictureError."""
    from vae_explorer.data.photo.frame import Frame
    from vae_explorer.data.picture import PictureError

    left, top, width, height, *turns = map(float, text.split(","))
    across, down = photo.file_size
    if not width or not height or left >= across or top >= down:
        raise PictureError(f"the frame {text} has nothing of {photo.name} in it, which has {across} × {down} pixels")
    given = Frame(left=left, top=top, width=width, height=height, turns=int(turns[0]) if turns else 0)
    return given.scaled(1 / photo.scale[0], 1 / photo.scale[1])


def _estimate(bound: "Bound") -> "EncoderEstimate | None":
    return cast("EncoderEstimate", bound) if bound.log_evidence is not None else None


def _fitted(best: "FittedPosterior") -> dict[str, Any]:
    from vae_explorer.core.judgement import best_estimate, gaps

    by = best_estimate(best.by_encoder, best)
    return {
        "mu": best.mu.tolist(),
        "sigma": best.sigma.tolist(),
        "encoder_elbo": best.encoder_elbo,
        "elbo": best.fitted_elbo,
        "log_evidence": best.log_evidence,
        "standard_error": best.standard_error,
        "best_log_evidence": by.log_evidence,
        **{f"{name}_gap": nats for name, nats in gaps(best, by.log_evidence)._asdict().items()},
    }


def _text(result: dict[str, Any], card: "ModelCard") -> str:
    figure = f"ELBO {number(result['elbo'])} nats"
    if not card.can("elbo"):
        figure = f"reconstruction {number(result['reconstruction'])} nats. {card.why_not('elbo')}"
    lines = [
        f"{result['path']}: {figure}",
        *([f"  {result['frame_doubt']}"] if result["frame_doubt"] else []),
        f"  mu     {numbers(result['mu'], sign='+')}",
        *([f"  sigma  {numbers(result['sigma'], sign=' ')}"] if card.can("posterior") else []),
        *(f"  z      {numbers(z, sign='+')}" for z in result["samples"]),
    ]
    if result["log_evidence"] is not None:
        figure = number(result["log_evidence"], result["standard_error"])
        if result["doubt"]:  # its ± would say that the rest is known
            figure = f"≈ {number(result['log_evidence'])}"
        lines.append(f"  log p(x) {figure} nats, effective sample size {result['effective_sample_size']:,.1f}")
        lines += [f"  {result['doubt']}"] if result["doubt"] else []
    if result["exact_log_evidence"] is not None:
        lines.append(f"  log p(x) {number(result['exact_log_evidence'])} nats by integration over z")
    if result["percentile"] is not None and not result["frame_doubt"]:
        lines.append(f"  {result['percentile']:.0f} % of the test images have a lower ELBO")
    if best := result["fit"]:
        lines.append(
            f"  the best q has ELBO {number(best['elbo'])}: amortisation gap {number(best['amortisation_gap'])} nats, "
            f"approximation gap {number(best['approximation_gap'])} nats, log p(x) {number(best['best_log_evidence'])}"
        )
    return "\n".join(lines)


def _failure(results: list[dict[str, Any]]) -> str:
    reasons = [result["error"] for result in results if "error" in result]
    if len(results) == 1:
        return str(reasons[0])
    return f"{len(reasons)} of {len(results)} images could not be encoded: {'; '.join(reasons)}"
