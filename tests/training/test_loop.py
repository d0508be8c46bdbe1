import math

import pytest
import torch

from vae_explorer.core.objective import Loss
from vae_explorer.training import loop
from vae_explorer.training.loop import Steps, TrainingError, to_training_x, train, training_step
from vae_explorer.training.state import Means, sums_dtype

pytestmark = pytest.mark.usefixtures("an_item_after_every_step")


def weights(state):
    return {name: tensor.clone() for name, tensor in state.model.state_dict().items()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one) and one.keys() == other.keys()


def test_training_is_a_generator_of_progress(config, images, validation_x, fresh):
    state = fresh(config)
    training = train(state, config, images, validation_x)
    assert [next(training).done for _ in range(3)] == [1, 2, 3]
    assert state.step == 3
    item = next(training)
    assert (item.total, item.what, item.epochs) == (21, "steps", 3)
    assert item.epoch == pytest.approx(4 / 7)
    assert item.images_per_second > 0
    training.close()
    assert state.step == 4


def test_between_two_items_nothing_happens(config, images, validation_x, fresh):
    state = fresh(config)
    training = train(state, config, images, validation_x)
    next(training)
    before = weights(state)
    assert same(before, weights(state))
    next(training)
    assert not same(before, weights(state))


def test_figures_come_with_the_reports_and_validation_at_the_end_of_each_epoch(config, images, validation_x, fresh):
    items = list(train(fresh(config), config, images, validation_x))
    reports = [item for item in items if item.train]
    assert [item.epoch for item in items if item.validation] == [1, 2, 3]
    assert len(reports) == 21  # seven steps an epoch are fewer than twenty reports
    for figures in (report.train for report in reports):
        assert figures.elbo == pytest.approx(figures.reconstruction - figures.kl)
        assert len(figures.kl_per_dimension) == 2


def test_a_state_beyond_the_last_step_makes_no_further_one(config, images, validation_x, fresh):
    state = fresh(config)
    list(train(state, config, images, validation_x))
    before = weights(state)
    assert list(train(state, config, images[:60], validation_x)) == []
    assert same(before, weights(state))


def test_means_over_many_images_lose_no_digits(config):
    means, value = Means(), torch.tensor(0.1)
    for _ in range(10_000):
        means.add(Loss(value, value, value[None]), 128)
    assert means.figures().reconstruction == pytest.approx(value.item(), rel=1e-12)
    assert sums_dtype(torch.device("mps")) == torch.float32  # it has no other


def test_the_clock_stops_while_no_item_is_requested(config, images, validation_x, monkeypatch, fresh):
    now = [0.0]

    def one_second_later():
        now[0] += 1
        return now[0]

    monkeypatch.setattr(loop.time, "perf_counter", one_second_later)
    state = fresh(config)
    for _ in train(state, config, images, validation_x):
        now[0] += 1000
    assert state.seconds == 21  # one for each step: neither the pauses nor the validation
    assert state.images_per_second == pytest.approx(600 / 21)


@pytest.mark.parametrize(("count", "batch_size"), [(200, 32), (7, 3), (5, 100), (64, 64)])
def test_each_epoch_sees_each_image_once_in_another_order(config, count, batch_size):
    steps = Steps(count, config.model_copy(update={"batch_size": batch_size}))
    epochs = [
        torch.cat([steps.batch(step) for step in range(epoch * steps.per_epoch, (epoch + 1) * steps.per_epoch)])
        for epoch in range(3)
    ]
    for order in epochs:
        assert order.sort().values.tolist() == list(range(count))
    assert not torch.equal(epochs[0], epochs[1])


def test_the_batch_of_a_step_does_not_depend_on_the_steps_before(config):
    one, other = Steps(200, config), Steps(200, config)
    for step in range(15):
        one.batch(step)
    assert torch.equal(one.batch(15), other.batch(15))


def test_beta_grows_in_a_straight_line_over_the_warm_up(config):
    steps = Steps(200, config.model_copy(update={"beta": 4.0, "warm_up": 2.0}))
    betas = [steps.beta(step) for step in range(steps.total)]
    assert betas[:14] == pytest.approx([4 * (step + 1) / 14 for step in range(14)])
    assert betas[13:] == [4.0] * 8
    assert Steps(200, config).beta(0) == 1.0


def test_beta_zero_leaves_the_kl_out_of_the_loss(config, images, fresh):
    loss = training_step(fresh(config), config, images[:32], torch.Generator(), beta=0.0)
    assert loss.total.item() == pytest.approx(-loss.reconstruction.item())
    assert loss.kl_per_dimension.sum() > 0


def test_dynamic_binarisation_is_white_with_probability_level_over_255(config):
    levels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16).expand(4000, -1, -1, -1)
    x = to_training_x(levels, config, torch.Generator().manual_seed(1))
    assert set(x.unique().tolist()) == {0.0, 1.0}
    mean = x.mean(0).flatten()
    expected = torch.arange(256) / 255
    assert mean[0] == 0
    assert mean[255] == 1
    assert (mean - expected).abs().max() < 5 * 0.5 / math.sqrt(4000)
    assert (mean - expected).mean().abs() < 5 * 0.5 / math.sqrt(4000 * 256)


def test_each_step_binarises_anew(config, images):
    grey = torch.full_like(images, 128)
    noise = torch.Generator().manual_seed(1)
    assert not torch.equal(to_training_x(grey, config, noise), to_training_x(grey, config, noise))


def test_a_gaussian_likelihood_keeps_the_grey_levels(config, images):
    gaussian = config.model_copy(update={"likelihood": "gaussian"})
    assert torch.equal(to_training_x(images, gaussian, torch.Generator()), images / 255)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_the_elbo_improves(config, images, validation_x, likelihood, fresh):
    config = config.model_copy(update={"epochs": 15, "likelihood": likelihood, "learning_rate": 0.01})
    x = validation_x if likelihood == "bernoulli" else images[:40] / 255
    found = [item.validation.elbo for item in train(fresh(config), config, images, x) if item.validation]
    assert found[-1] > found[0] + 5


def test_two_runs_with_one_seed_have_the_same_weights_whatever_else_is_drawn(config, images, validation_x, fresh):
    one, other = fresh(config), fresh(config)
    for _ in train(one, config, images, validation_x):
        pass
    for _ in train(other, config, images, validation_x):
        torch.rand(3)
    assert same(weights(one), weights(other))


def test_another_seed_gives_other_weights(config, images, validation_x, fresh):
    one, other = fresh(config), fresh(config)
    list(train(one, config, images, validation_x))
    list(train(other, config.model_copy(update={"seed": 1}), images, validation_x))
    assert not same(weights(one), weights(other))


def test_a_validation_that_is_not_finite_stops_too(config, images, fresh):
    with pytest.raises(TrainingError, match="validation ELBO is not finite at step 7"):
        list(train(fresh(config), config, images, torch.full((5, 1, 8, 8), float("inf"))))
