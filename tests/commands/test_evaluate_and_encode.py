"""vae-explorer evaluate and encode: keys and figures, and that both agree."""

import math
import signal

import numpy as np
import pytest
import torch
from PIL import Image

from vae_explorer import cli
from vae_explorer.core.evidence import bounds
from vae_explorer.core.progress import Progress
from vae_explorer.training import model_file

EVALUATION = [
    "elbo",
    "reconstruction",
    "kl",
    "kl_per_dimension",
    "active_dimensions",
    "log_evidence",
    "gap",
    "standard_error",
    "effective_sample_size",
    "low_effective_sample_size",
    "information",
    "information_error",
    "marginal_kl",
    "marginal_kl_error",
    "saturated",
    "images",
    "complete",
    "likelihood",
    "binarisation",
    "split",
]
ENCODING = [
    "path",
    "mu",
    "sigma",
    "kl",
    "samples",
    "elbo",
    "reconstruction",
    "log_evidence",
    "exact_log_evidence",
    "gap",
    "standard_error",
    "effective_sample_size",
    "doubt",
    "percentile",
    "fit",
    "frame",
    "candidates",
    "frame_doubt",
]


@pytest.fixture(scope="session")
def autoencoder(data, tmp_path_factory, tiny):
    """The folder of a plain autoencoder's run."""
    folder = tmp_path_factory.mktemp("runs") / "plain"
    flags = ["--epochs", "1", "--kind", "autoencoder", *tiny]
    assert cli.run(["train", str(data), "--out", str(folder), *flags]) == 0
    return folder


@pytest.fixture
def interrupted(monkeypatch):
    """Ctrl+C comes as the figures of that many images are there."""

    def interrupted(after):
        def some(*arguments, **options):
            for done, bound in enumerate(bounds(*arguments, **options)):
                if done == after:
                    signal.raise_signal(signal.SIGINT)
                yield bound

        monkeypatch.setattr("vae_explorer.training.evaluation.bounds", some)

    return interrupted


def test_evaluate_gives_the_figures_of_the_run_itself(call, model, data, trained):
    result = call("evaluate", model, data, "--json").json
    assert list(result) == EVALUATION
    assert result["elbo"] == result["reconstruction"] - result["kl"]
    assert result["elbo"] == pytest.approx(trained[1]["test"]["elbo"], abs=1e-6)
    assert sum(result["kl_per_dimension"]) == pytest.approx(result["kl"], abs=1e-4)
    assert [result[key] for key in EVALUATION[5:15]] == [None] * 10
    assert [result[key] for key in EVALUATION[15:]] == [20, True, "bernoulli", "draw", "test"]


def test_evaluate_takes_the_validation_images_that_the_run_kept(call, tiny, data, tmp_path):
    asked = ["--validation-images", 40, "--epochs", 1, *tiny]
    trained = call("train", data, "--out", tmp_path / "run", *asked, "--json").json
    result = call("evaluate", trained["model"], data, "--split", "validation", "--json").json
    assert result["images"] == 40
    assert result["kl"] == pytest.approx(trained["validation"]["kl"], rel=1e-5)  # of the same images


def test_another_data_set_is_split_as_the_model_asked(call, tiny, data, digits, tmp_path):
    other = tmp_path / "other.npz"
    np.savez(other, x_train=digits[:30], x_test=digits[30:40])
    models = {}
    for kept in (0, 40):
        flags = ["--validation-images", kept, "--epochs", 1, *tiny, "--json"]
        models[kept] = call("train", data, "--out", tmp_path / f"run{kept}", *flags).json["model"]

    def images(model, split):
        return call("evaluate", model, other, "--split", split, "--json").json["images"]

    assert [images(models[0], split) for split in ("train", "validation", "test")] == [27, 3, 10]
    assert images(models[40], "test") == 10
    refused = call("evaluate", models[40], other, "--split", "train")
    assert refused.code == 1
    assert "too few to keep 40 for validation" in refused.sentence


@pytest.mark.parametrize(("split", "images"), [("train", 90), ("validation", 10), ("test", 20)])
def test_evaluate_takes_the_split_that_is_asked_for(call, model, data, split, images):
    result = call("evaluate", model, data, "--split", split, "--json").json
    assert (result["split"], result["images"]) == (split, images)


def test_evaluate_with_importance_samples_adds_up(call, model, data):
    result = call("evaluate", model, data, "--importance-samples", 20, "--limit", 5, "--json").json
    assert result["images"] == 5
    assert result["gap"] >= 0
    assert result["elbo"] + result["gap"] == pytest.approx(result["log_evidence"])
    assert result["standard_error"] > 0
    assert 1 <= result["effective_sample_size"] <= 20


def test_evaluate_with_one_importance_sample_has_neither_gap_nor_error(call, model, data):
    result = call("evaluate", model, data, "--importance-samples", 1, "--json").json
    assert (result["gap"], result["standard_error"]) == (None, None)
    assert result["log_evidence"] == pytest.approx(result["elbo"])
    text = call("evaluate", model, data, "--importance-samples", 1).out
    assert "±" not in text


def test_evaluate_with_another_seed_draws_anew(call, model, data):
    one, same, other = (
        call("evaluate", model, data, "--importance-samples", 3, "--seed", seed, "--json").json for seed in (0, 0, 1)
    )
    assert one == same
    assert one["elbo"] != other["elbo"]
    assert one["kl_per_dimension"] == other["kl_per_dimension"]


def test_evaluate_in_words(call, model, data):
    lines = call("evaluate", model, data, "--importance-samples", 5).out.splitlines()
    assert lines[0] == "20 test images, bernoulli likelihood, nats per image"
    assert [line.split()[0] for line in lines[1:]] == [
        "ELBO",
        "reconstruction",
        "KL",
        "active",
        "log",
        "gap",
        "effective",
    ]


def test_ctrl_c_gives_the_figures_of_the_first_images(call, model, data, interrupted):
    expected = call("evaluate", model, data, "--limit", 8, "--json").json
    interrupted(after=7)
    answer = call("evaluate", model, data, "--json")
    assert answer.code == 130
    assert answer.sentence == "Stopped after 8 of 20 test images: these numbers are for the first ones only"
    assert (answer.json["images"], answer.json["complete"]) == (8, False)
    for key in ("elbo", "reconstruction", "kl", "kl_per_dimension"):
        assert answer.json[key] == pytest.approx(expected[key], abs=1e-4), key


def test_ctrl_c_in_words(call, model, data, interrupted):
    interrupted(after=7)
    answer = call("evaluate", model, data, "--importance-samples", 20)
    assert answer.code == 130
    first, *rest = answer.out.splitlines()
    assert first == "stopped after 8 of 20 test images, bernoulli likelihood, nats per image"
    assert len(rest) == 7


def test_ctrl_c_in_the_parts_of_the_kl_keeps_the_figures_of_the_images(call, model, data, monkeypatch):
    def some(*_arguments):
        signal.raise_signal(signal.SIGINT)
        yield Progress(0, 20, "points")

    monkeypatch.setattr("vae_explorer.core.aggregate.decompose", some)
    answer = call("evaluate", model, data, "--aggregate", "--json")
    assert answer.code == 130
    assert (answer.json["images"], answer.json["complete"], answer.json["information"]) == (20, True, None)


def test_ctrl_c_before_the_first_image_has_no_figures(call, model, data, interrupted):
    interrupted(after=0)
    answer = call("evaluate", model, data, "--importance-samples", 5000, "--json")
    assert (answer.code, answer.out) == (130, "")
    assert answer.sentence == "Stopped after 0 of 20 test images"


def test_evaluate_of_a_plain_autoencoder_says_what_it_has_not(call, autoencoder, data):
    result = call("evaluate", autoencoder, data, "--json").json
    assert list(result) == EVALUATION
    assert [result[key] for key in ("elbo", "kl", "kl_per_dimension", "log_evidence", "gap")] == [None] * 5
    assert result["reconstruction"] < 0
    assert "A plain autoencoder has no q(z|x)" in call("evaluate", autoencoder, data).out


@pytest.mark.parametrize("command", ["evaluate", "encode"])
def test_there_is_no_evidence_of_a_plain_autoencoder(call, autoencoder, data, png, command):
    answer = call(command, autoencoder, data if command == "evaluate" else png(3), "--importance-samples", 5)
    assert answer.code == 1
    assert answer.sentence == (
        "A plain autoencoder has no q(z|x), so there is no evidence to estimate; omit --importance-samples"
    )


def test_encode_with_a_plain_autoencoder(call, autoencoder, png):
    result = call("encode", autoencoder, png(3), "--json").json["images"][0]
    assert [result[key] for key in ("kl", "elbo", "log_evidence", "gap")] == [None] * 4
    assert [result[key] for key in ("sigma", "percentile", "fit")] == [None] * 3
    assert "reconstruction −" in (text := call("encode", autoencoder, png(3)).out)
    assert "no ELBO" in text
    assert "sigma" not in text
    answer = call("encode", autoencoder, png(3), "--samples", 2)
    assert answer.sentence == (
        "A plain autoencoder has no q(z|x) and no σ: each sample is the same z; omit --samples and --fit"
    )


def test_evaluate_says_that_a_part_is_empty(call, model, png):
    answer = call("evaluate", model, png(7).parent, "--split", "train")
    assert answer.code == 1
    assert answer.sentence.endswith("has no train images to evaluate")


def test_evaluate_refuses_images_of_another_shape(call, tiny_model, data):
    answer = call("evaluate", tiny_model, data)
    assert answer.code == 1
    assert answer.sentence.endswith(
        "blocks.npz has images of 12 × 12 grey pixels; this model takes 28 × 28 grey pixels"
    )


def test_a_million_importance_samples_are_the_most(call, model, data):
    answer = call("evaluate", model, data, "--importance-samples", 1_000_001)
    assert answer.sentence == "--importance-samples must be at most 1,000,000, got 1000001"


@pytest.mark.parametrize("flag", ["--limit", "--importance-samples"])
def test_evaluate_refuses_none_of_it(call, model, data, flag):
    answer = call("evaluate", model, data, flag, 0)
    assert (answer.code, answer.sentence) == (2, f"{flag} must be at least 1, got 0")


@pytest.mark.parametrize("importance_samples", [[], ["--importance-samples", 20]])
def test_encode_and_evaluate_agree_about_an_image(call, model, png, importance_samples):
    encoded = call("encode", model, png(7), *importance_samples, "--json").json["images"][0]
    evaluated = call("evaluate", model, png(7).parent, *importance_samples, "--json").json
    assert evaluated["images"] == 1
    assert encoded["elbo"] == pytest.approx(evaluated["elbo"], abs=1e-5)
    assert encoded["kl"] == pytest.approx(evaluated["kl_per_dimension"], abs=1e-5)
    if importance_samples:
        for key in ("log_evidence", "reconstruction", "gap", "standard_error", "effective_sample_size"):
            assert encoded[key] == pytest.approx(evaluated[key], abs=1e-5), key


def test_encode_gives_mu_and_sigma_of_the_network_itself(call, model, png, digits):
    result = call("encode", model, png(3), "--json").json["images"][0]
    assert list(result) == ENCODING
    assert result["path"] == str(png(3))
    assert result["samples"] == []
    assert [result[key] for key in ENCODING[7:-3] if key != "percentile"] == [None] * 7
    vae, info = model_file.load(model)
    from vae_explorer.data.preprocess import to_x

    with torch.no_grad():
        q = vae.encode(torch.from_numpy(to_x(digits[3][None, None], info.preparation)))
    assert result["mu"] == pytest.approx(q.mu[0].tolist(), abs=1e-5)
    assert result["sigma"] == pytest.approx(q.sigma[0].tolist(), abs=1e-5)
    assert result["kl"] == pytest.approx(q.kl()[0].tolist(), abs=1e-5)


def test_the_percentile_counts_the_test_images_with_a_lower_elbo(call, model, data, png):
    result = call("encode", model, png(3), "--json").json["images"][0]
    quantiles = model_file.load(model)[1].statistics.elbo_quantiles
    below = sum(quantile < result["elbo"] for quantile in quantiles)
    assert abs(result["percentile"] - below) <= 1
    usual = call("encode", model, png(3), "--importance-samples", 40, "--json").json["images"][0]
    assert usual["percentile"] == result["percentile"]  # by the ELBO that the quantiles are made of
    assert "of the test images have a lower ELBO" in call("encode", model, png(3)).out


def test_a_fitted_posterior_is_no_worse_than_the_encoders(call, model, png):
    result = call("encode", model, png(3), "--importance-samples", 500, "--fit", "--json").json["images"][0]
    best = result["fit"]
    assert list(best) == [
        *("mu", "sigma", "encoder_elbo", "elbo", "log_evidence", "standard_error"),
        *("best_log_evidence", "amortisation_gap", "approximation_gap"),
    ]
    assert best["best_log_evidence"] >= best["log_evidence"]
    assert best["amortisation_gap"] == best["elbo"] - best["encoder_elbo"]
    assert best["approximation_gap"] == best["best_log_evidence"] - best["elbo"]
    assert best["encoder_elbo"] == pytest.approx(result["elbo"], abs=1e-4)
    assert best["encoder_elbo"] <= best["elbo"] <= best["log_evidence"]
    assert "amortisation gap" in call("encode", model, png(3), "--fit").out


def test_for_two_dimensions_log_p_is_integrated_too(call, model, png):
    arguments = ("encode", model, png(3), "--importance-samples", 2000)
    result = call(*arguments, "--json").json["images"][0]
    error = 6 * result["standard_error"] + 0.01
    assert result["exact_log_evidence"] == pytest.approx(result["log_evidence"], abs=error)
    assert "nats by integration over z" in call(*arguments).out


def test_the_average_kl_has_two_parts(call, model, data):
    result = call("evaluate", model, data, "--aggregate", "--json").json
    assert result["information"] + result["marginal_kl"] == pytest.approx(result["kl"], abs=0.3)  # by one draw an image
    assert -0.1 <= result["information"] <= math.log(20)
    assert result["information_error"] > 0
    assert result["marginal_kl_error"] > 0
    line = next(line for line in call("evaluate", model, data, "--aggregate").out.splitlines() if "information" in line)
    assert f"information {result['information']:.2f} ± {result['information_error']:.2f}" in line
    assert line.count("±") == 3


def test_a_plain_autoencoder_has_no_average_kl(call, autoencoder, data):
    assert "omit --aggregate" in call("evaluate", autoencoder, data, "--aggregate").sentence


def test_the_samples_of_an_image_are_drawn_from_its_posterior(call, model, png):
    result = call("encode", model, png(3), "--samples", 2000, "--json").json["images"][0]
    z = np.array(result["samples"])
    assert z.shape == (2000, 2)
    assert z.mean(0) == pytest.approx(result["mu"], abs=5 * max(result["sigma"]) / math.sqrt(2000))
    assert z.std(0) == pytest.approx(result["sigma"], rel=0.1)


def test_the_draws_of_an_image_do_not_depend_on_the_others(call, model, png):
    alone = call("encode", model, png(5), "--samples", 3, "--importance-samples", 4, "--json").json["images"][0]
    third = call("encode", model, png(3), png(4), png(5), "--samples", 3, "--importance-samples", 4, "--json").json
    assert third["images"][2] == alone
    more = call("encode", model, png(5), "--samples", 5, "--json").json["images"][0]
    assert more["samples"][:3] == alone["samples"]
    other = call("encode", model, png(5), "--samples", 3, "--seed", 1, "--json").json["images"][0]
    assert other["samples"] != alone["samples"]
    assert other["mu"] == alone["mu"]


def test_an_image_that_cannot_be_read_does_not_stop_the_others(call, model, png, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    answer = call("encode", model, png(1), bad, tmp_path / "gone.png", png(2), "--json")
    assert answer.code == 1
    images = answer.json["images"]
    assert [list(image) == ["path", "error"] for image in images] == [False, True, True, False]
    assert images[1]["path"] == str(bad)
    assert answer.sentence.startswith("2 of 4 images could not be encoded: bad.png is a text file, not a picture")
    assert "gone.png" in answer.sentence


def test_one_image_that_cannot_be_read_is_said_by_itself(call, model, tmp_path):
    answer = call("encode", model, tmp_path / "gone.png")
    assert answer.code == 1
    assert answer.out == ""
    assert answer.sentence.startswith("gone.png ")


def test_encode_in_words(call, model, png):
    answer = call("encode", model, png(1), png(2), "--samples", 2, "--importance-samples", 3)
    assert answer.code == 0
    first = answer.out.splitlines()[:7]
    assert first[0].startswith(f"{png(1)}: ELBO −")
    assert [line.split()[0] for line in first[1:]] == ["mu", "sigma", "z", "z", "log", "log"]
    assert "+" not in first[2]  # a sigma has no sign
    assert "≈" in first[5]
    assert "±" not in first[5]
    assert "effective sample size" in first[5]
    assert first[6].strip().startswith("log p(x) may be off by nats: a few draws from q(z|x) dominate the estimate")


def test_encode_draws_each_image_with_its_reconstruction_and_samples(call, model, png, tmp_path):
    out = tmp_path / "grid.png"
    assert call("encode", model, png(1), png(2), "--samples", 3, "--out", out).code == 0
    with Image.open(out) as image:
        width, height = image.size
    assert width > 5 * 12 - 1
    assert height > 2 * 12 - 1
    assert width > 2 * height


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--samples", "-1"], "--samples must be at least 0, got -1"),
        (["--samples", "20000"], "--samples must be at most 10,000, got 20000"),
        (["--importance-samples", "0"], "--importance-samples must be at least 1, got 0"),
        (["--seed", "-1"], "--seed must be at least 0, got -1"),
        (["--seed", "1" * 30], f"--seed must be at most 2,147,483,647, got {'1' * 30}"),
    ],
)
def test_encode_refuses_counts_and_seeds_without_meaning(call, model, png, flags, sentence):
    answer = call("encode", model, png(1), *flags)
    assert (answer.code, answer.sentence) == (2, sentence)
