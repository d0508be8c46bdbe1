"""The window and `vae-explorer encode` tell the same of the same numbers."""

from types import SimpleNamespace

import numpy as np
import pytest

from vae_explorer.commands import encode
from vae_explorer.core.judgement import doubt_of, gaps
from vae_explorer.session.views.evidence import EvidenceSession


def estimate(log_evidence, standard_error, effective_sample_size):
    return SimpleNamespace(
        log_evidence=log_evidence, standard_error=standard_error, effective_sample_size=effective_sample_size
    )


@pytest.mark.parametrize(
    "by_encoder",
    [
        pytest.param(estimate(-82.0, 0.1, 500.0), id="the fit is larger"),
        pytest.param(estimate(-80.0, 0.1, 500.0), id="the encoder is larger"),
        pytest.param(estimate(-80.0, 0.9, 2.0), id="the fit is surer"),
        pytest.param(estimate(-83.0, None, 1.0), id="one draw"),
    ],
)
def test_the_window_and_encode_count_the_same_log_evidence(by_encoder, session, monkeypatch):
    fit = SimpleNamespace(
        mu=np.zeros(2), sigma=np.ones(2), encoder_elbo=-90.0, fitted_elbo=-85.0, log_evidence=-81.0, standard_error=0.05
    )
    encoded = object()
    shown = SimpleNamespace(
        **vars(by_encoder), encoded=encoded, elbo=-90.0, reconstruction=-70.0, kl=20.0, gap=1.0, draws=9, is_whole=True
    )
    for name, value in (("shown", shown), ("fitted", fit), ("map", None)):
        monkeypatch.setattr(EvidenceSession, name, value)
    monkeypatch.setattr(type(session.image), "posterior", encoded)
    in_the_window = session.evidence.figures
    in_the_command = encode._fitted(SimpleNamespace(**vars(fit), by_encoder=by_encoder))
    assert session.evidence.fit_of_the_draws is fit
    assert in_the_command["best_log_evidence"] == in_the_window.log_evidence
    assert in_the_command["approximation_gap"] == gaps(fit, in_the_window.log_evidence).approximation
    assert in_the_window.doubt == (doubt_of(by_encoder) if in_the_window.log_evidence != -81.0 else "")
