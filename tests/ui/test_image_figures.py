"""When an estimate of log p(x) is doubted, and on which side of it the truth is."""

from types import SimpleNamespace

import pytest

from vae_explorer.ui.image_figures import doubt_of


def doubt(exact=None, **changes):
    shown = {
        "importance_samples": 5000, "draws": 5000, "log_evidence": -80.0, "standard_error": 0.1,
        "effective_sample_size": 500.0, **changes,
    }  # fmt: skip
    found = doubt_of(SimpleNamespace(**shown), exact)
    return found and (found.side, found.sentence)


@pytest.mark.parametrize(
    ("changes", "side", "says"),
    [
        ({"effective_sample_size": 9.9}, "≥", "Too few draws"),
        ({"importance_samples": 1, "draws": 1, "standard_error": None}, "≥", "One draw"),
        ({"exact": -79.0}, "≥", "1.0 nats too low"),
        ({"exact": -80.5}, "≤", "0.50 nats too high"),
        ({"exact": -80.5, "effective_sample_size": 2.0}, "≤", "0.50 nats too high"),
    ],
)
def test_an_estimate_that_is_not_to_be_trusted_has_a_reason_and_a_side(changes, side, says):
    found_side, sentence = doubt(**changes)
    assert found_side == side
    assert says in sentence


@pytest.mark.parametrize(
    "changes",
    [{}, {"effective_sample_size": 10.0}, {"exact": -80.2}, {"exact": -80.05, "standard_error": 0.001}],
)
def test_an_estimate_within_its_error_and_by_many_draws_is_not_doubted(changes):
    assert doubt(**changes) is None
