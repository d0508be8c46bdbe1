"""Which estimate of log p(x) counts and when it is doubted; is this an image that the model knows?"""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from vae_explorer.core.judgement import best_estimate, doubt_of, expected_norm, gaps, nearest, percentile, turn_doubt

HUNDREDTHS = np.linspace(0, 1, 101)


def test_the_percentile_undoes_the_quantile():
    values = np.random.default_rng(1).gamma(2, 30, 5000) - 300
    quantiles = np.quantile(values, HUNDREDTHS).tolist()
    for percent in (0.5, 3, 50, 77.3, 99.9):
        assert percentile(float(np.quantile(values, percent / 100)), quantiles) == pytest.approx(percent, abs=0.5)


def test_percentiles_of_ties_are_their_middle_and_outside_it_is_0_or_100():
    quantiles = [*np.linspace(-100, -50, 41).tolist(), *[-50.0] * 20, *np.linspace(-49, 10, 40).tolist()]
    assert percentile(-50.0, quantiles) == pytest.approx((40 + 60) / 2)
    assert percentile(-1e9, quantiles) == percentile(float("-inf"), quantiles) == 0
    assert percentile(11.0, quantiles) == percentile(float("inf"), quantiles) == 100
    assert percentile(3.0, [3.0] * 101) == 50


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    st.lists(st.floats(-1e300, 1e300), min_size=101, max_size=101).map(sorted),
    st.floats(allow_nan=False),
    st.floats(allow_nan=False),
)
def test_percentiles_lie_between_0_and_100_and_never_fall(quantiles, one, other):
    low, high = (percentile(value, quantiles) for value in sorted([one, other]))
    assert 0 <= low <= high <= 100


@pytest.mark.parametrize("z_dim", [1, 2, 16, 512])
def test_the_norm_is_chi_squared(z_dim):
    assert expected_norm(z_dim) == pytest.approx((chi2(z_dim).mean(), chi2(z_dim).std()))


def test_the_nearest_are_counted_in_deviations_of_each_dimension():
    mus = np.float32([[0, 0], [2, 0], [0, 30], [3, 0]])
    which, distances = nearest(np.float32([0, 0]), mus, np.array([1.0, 100.0]), 3)
    assert which.tolist() == [0, 2, 1]
    assert distances == pytest.approx([0, 0.3, 2])


def test_a_dead_dimension_does_not_count_and_an_inactive_one_hardly():
    mus = np.float32([[1, 0.5, 0.001], [2, 0.5, -0.001]])
    which, distances = nearest(np.float32([1.1, 9, 0]), mus, np.array([0.5, 0, 1]), 10)
    assert which.tolist() == [0, 1]
    assert distances == pytest.approx([0.2, 1.8], abs=1e-5)
    assert nearest(mus[0], mus, np.zeros(3), 1)[1] == [0]  # all dead: nothing is far from anything


def estimate(**changes):
    return SimpleNamespace(
        **{
            "log_evidence": -80.0, "standard_error": 0.1, "effective_sample_size": 500.0, **changes
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("exact", "changes", "says"),
    [
        (None, {"effective_sample_size": 9.9}, "a few draws"),
        (None, {"standard_error": None, "effective_sample_size": 1.0}, "One draw"),
        (-79.0, {}, "1.0 nats too low"),
        (-80.5, {}, "0.50 nats too high"),
        (-80.5, {"effective_sample_size": 2.0}, "0.50 nats too high"),
    ],
)
def test_an_estimate_that_is_not_to_be_trusted_has_a_reason(exact, changes, says):
    assert says in doubt_of(estimate(**changes), exact)


@pytest.mark.parametrize(
    ("exact", "changes"),
    [
        (None, {}),
        (None, {"effective_sample_size": 10.0}),
        (-80.2, {}),
        (-80.05, {"standard_error": 0.001}),
    ],
)
def test_an_estimate_within_its_error_and_by_many_draws_is_not_doubted(exact, changes):
    assert doubt_of(estimate(**changes), exact) == ""


@pytest.mark.parametrize(
    ("fitted", "effective_sample_size", "counts"),
    [(-79.0, 500.0, "fit"), (-81.0, 500.0, "encoder"), (-79.0, 2.0, "fit"), (-81.0, 2.0, "fit")],
)
def test_the_larger_estimate_counts_unless_it_hangs_on_a_few_draws(fitted, effective_sample_size, counts):
    """The first test image by mnist-dynamic: −66.0 by one draw of 5,000 that outweighs all others, −68.4 by the fit."""
    encoder = estimate(effective_sample_size=effective_sample_size)
    fit = estimate(log_evidence=fitted, standard_error=0.05)
    assert best_estimate(encoder, None) is best_estimate(encoder, estimate(standard_error=None)) is encoder
    assert best_estimate(encoder, fit) is {"fit": fit, "encoder": encoder}[counts]


def test_the_gaps_of_a_fit_add_up_to_log_p_less_the_elbo_and_are_not_negative():
    fit = estimate(encoder_elbo=-90.0, fitted_elbo=-86.5)
    assert gaps(fit, -80.0) == (3.5, 6.5)
    assert sum(gaps(fit, -80.0)) == -80.0 - fit.encoder_elbo
    assert gaps(fit, -86.5 - 1e-9).approximation == 0  # rounding


def test_a_photo_that_is_much_likelier_on_its_side_is_in_doubt():
    assert turn_doubt([-90.0, -95.0, -85.0, -120.0]) == ""
    assert turn_doubt([float("nan"), -95.0, -85.0, -120.0]) == ""
    expected = "The frame may be wrong: turned by 270° the figure is likelier by 60 nats."
    assert turn_doubt([-180.0, -170.0, -200.0, -120.0]) == expected
