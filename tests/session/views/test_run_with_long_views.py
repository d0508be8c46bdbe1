"""A real run, with everything watched from its first snapshot to its end."""

import numpy as np
import pytest
import torch

from vae_explorer import paths
from vae_explorer.core.evidence import draws
from vae_explorer.training import model_file

TIMEOUT = 20_000  # milliseconds


@pytest.mark.parametrize("watched", [True, False])
def test_a_run_is_followed_by_every_long_view_and_its_end_is_shown(session, config, held, monkeypatch, qtbot, watched):
    monkeypatch.setattr("vae_explorer.session.state.model.MAX_KEPT", 4)
    evidence, aggregate, typical = session.evidence, session.aggregate, session.typical
    sources, told = [], []
    for noun in (evidence, aggregate, typical):
        noun.set_watched(watched)
        noun.changed.connect(lambda noun=noun: noun.failure and told.append(noun.failure))
    aggregate.changed.connect(lambda: aggregate.shown and sources.append(aggregate.shown.images))
    with qtbot.waitSignal(session.training.finished, timeout=TIMEOUT):
        session.training.start(config.model_copy(update={"epochs": 5}))
    snapshot = session.model.snapshot
    data = session.model.current.data
    assert [data.title(i) for i in range(len(data))] == [f"validation image {i}" for i in range(4)]

    def is_there():
        shown = evidence.shown
        return shown is not None and shown.is_whole and shown.encoded.number == snapshot.number

    qtbot.waitUntil(is_there, timeout=TIMEOUT)  # watched or not
    *_, expected = draws(snapshot.model, torch.from_numpy(session.image.posterior.x), 5000, 0)
    assert evidence.shown.log_evidence == expected.log_evidence
    assert typical.percentile is not None
    if not watched:
        assert not {"aggregate", "data_posteriors", "posterior_map"} & set(held.worked_on)
        for noun in (evidence, aggregate, typical):
            noun.set_watched(True)

    stored = model_file.read(next(paths.runs().iterdir()) / "model.vae.safetensors").posteriors
    qtbot.waitUntil(
        lambda: aggregate.shown is not None and np.array_equal(aggregate.shown.q.mu, stored.mu), timeout=TIMEOUT
    )
    assert set(sources) <= {4, len(stored.mu)}
    qtbot.waitUntil(lambda: aggregate.samples is not None and len(aggregate.samples.z) == 4, timeout=TIMEOUT)
    qtbot.waitUntil(
        lambda: evidence.map is not None and evidence.map.encoded is session.image.posterior, timeout=TIMEOUT
    )
    posteriors = session.data_posteriors
    qtbot.waitUntil(lambda: posteriors.shown and posteriors.shown.number == snapshot.number, timeout=TIMEOUT)
    assert typical.neighbours.indices[0] == 0
    assert typical.neighbours.distances[0] == pytest.approx(0, abs=1e-5)
    assert told == []
