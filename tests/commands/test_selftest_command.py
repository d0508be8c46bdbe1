"""vae-explorer selftest: what it prints, and its exit code."""

import pytest

from vae_explorer.core.posterior import Posterior
from vae_explorer.training import self_test


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    for name, value in {"IMAGES": 3, "IMAGES_ON_GRID": 1, "SAMPLES": 500, "IMPORTANCE_SAMPLES": 20}.items():
        monkeypatch.setattr(self_test, name, value)


def test_without_a_model_the_bundled_ones_pass(call):
    answer = call("selftest")
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert len(lines) == 15
    assert all(line.startswith("ok      ") for line in lines[::3])
    assert "closed form 18.7864, Monte Carlo 18.7" in lines[1]
    assert "nats; they may differ by 0." in lines[1]
    assert lines[2].strip() == "mean of 3 mnist test images, 500 samples of each"
    assert "mnist-2d" in lines[5]
    assert "nats; the first may be larger by " in lines[7]


def test_as_json_each_check_has_both_numbers_and_its_tolerance(call):
    result = call("selftest", "mnist-2d", "--json").json
    assert result["passed"] is True
    assert len(result["checks"]) == 5
    for check in result["checks"]:
        assert list(check) == [
            "name",
            "left",
            "left_value",
            "right",
            "right_value",
            "unit",
            "tolerance",
            "note",
            "at_most",
            "passed",
        ]
        assert check["passed"] is True


def test_a_failed_check_is_shown_and_is_exit_code_1(call, monkeypatch):
    monkeypatch.setattr(Posterior, "kl", lambda q: q.mu * float("nan"))
    answer = call("selftest", "mnist-2d")
    assert answer.code == 1
    assert answer.sentence == (
        "1 of 5 checks of mnist-2d failed: KL(q(z|x) ‖ p(z)): its closed form against Monte Carlo"
    )
    assert [line[:8].strip() for line in answer.out.splitlines()[::3]] == ["NOT OK", "ok", "ok", "ok", "ok"]
    broken = call("selftest", "mnist-2d", "--json").json
    assert broken["passed"] is False
    assert broken["checks"][0]["left_value"] is None


def test_a_model_without_test_images_is_one_sentence(call, model):
    answer = call("selftest", model)
    assert answer.code == 1
    assert "no test images come with the program" in answer.sentence
