"""What every noun is set to, as a session file will hold it."""

import json

import pytest


def test_the_settings_of_every_noun_are_json_and_come_back(opened):
    opened.posterior_samples.set(count=9, seed=3, multiplier=2.0, keeps_eps=True)
    opened.prior_samples.set_temperature(0.5)
    opened.evidence.set_importance_samples(700)
    opened.decoded.set_mode("sigma")
    opened.aggregate.set(seed=4)
    kept = json.loads(json.dumps(opened.settings()))
    assert set(kept) == {"posterior_samples", "prior_samples", "evidence", "decoded", "aggregate"}
    assert kept["posterior_samples"] == {"count": 9, "seed": 3, "multiplier": 2.0, "keeps_eps": True}
    opened.posterior_samples.set(count=2, seed=0, multiplier=1.0)
    opened.decoded.set_mode("mean")
    opened.apply(kept)
    assert opened.settings() == kept


def test_only_what_is_named_changes(opened):
    before = opened.settings()
    opened.apply({"evidence": {"importance_samples": 10}})
    assert opened.settings() == {**before, "evidence": {"importance_samples": 10, "seed": 0}}


@pytest.mark.parametrize(
    "wrong",
    [
        {"evidence": {"importance_samples": 0}},
        {"evidence": {"importance_samples": 10**9}},
        {"decoded": {"mode": "upside down"}},
        {"prior_samples": {"temperature": "hot"}},
        {"prior_samples": {"count": 5, "colour": "red"}},
        {"a noun": {}},
    ],
)
def test_what_is_out_of_range_or_unknown_changes_nothing(opened, wrong):
    before = opened.settings()
    with pytest.raises(ValueError, match=r"."):
        opened.apply({"posterior_samples": {"count": 3}, **wrong})
    assert opened.settings() == before


def test_each_change_is_told_once_and_undone_as_one(opened):
    told, samples = [], opened.posterior_samples
    samples.settings_changed.connect(lambda: told.append(samples.settings.seed))
    samples.set_seed(0)
    assert told == []  # nothing has changed
    samples.resample()
    opened.model.current.undo.undo()
    assert told == [1, 0]
