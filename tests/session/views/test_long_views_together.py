"""Every verb in any order, with two models that come and go: what is shown always belongs to what is chosen."""

import random
from typing import get_args

import numpy as np
import pytest
import torch
from PySide6.QtCore import QCoreApplication

from vae_explorer.core.aggregate import SampleSource
from vae_explorer.core.evidence import draws
from vae_explorer.session.records import Origin

TIMEOUT = 30_000  # milliseconds
ACTIONS = 90
SOURCES = get_args(SampleSource)


class Hand:
    """Does one of the verbs, any of them."""

    def __init__(self, session, models, take_snapshot, data, rng):
        self.session, self.models, self.rng, self.runs = session, models, rng, 0
        self._take_snapshot, self._data = take_snapshot, data
        self.verbs = [name for name in dir(self) if name.startswith("do_")]

    def act(self):
        name = self.rng.choice(self.verbs)
        getattr(self, name)()
        return name

    def do_open(self):
        self.session.model.open(str(self.rng.choice(self.models)))

    def do_snapshot(self, *, is_new=False, is_last=False):
        if is_new or self.session.model.trained is None:
            self.runs += 1
            self.model = self.rng.choice(self.models)
        self._take_snapshot(self.model, run=f"run {self.runs}", data=self._data, is_last=is_last)

    def do_new_run(self):
        self.do_snapshot(is_new=True)

    def do_end_of_run(self):
        self.do_snapshot(is_last=True)

    def do_leave(self):
        if self.rng.random() < 0.2:
            self.session.model.drop_trained()

    def do_show(self):
        self.session.model.show(self.rng.choice(list(self.session.model.workspaces)))

    def do_goes_on(self):
        self.session.training.goes_on = not self.session.training.goes_on
        if not self.session.training.goes_on:
            self.session.training.finished.emit()

    def do_step(self):
        self.session.image.step(self.rng.choice([-1, 1]))

    do_step_again = do_step_once_more = do_step

    def do_bring(self):
        pixels = np.zeros((28, 28, 1), np.uint8)
        at = self.rng.randrange(3, 18)
        pixels[at : at + 6, 5:23] = 255
        self.session.image.open([Origin("a bar", pixels)])

    def do_remove(self):
        if self.session.image.images:
            self.session.image.remove(self.rng.choice(self.session.image.images))

    def do_switch(self):
        self.session.image.set_switch("binarise", self.rng.random() < 0.6)

    def do_undo(self):
        if self.session.model.current:
            self.session.model.current.undo.undo()

    do_undo_again = do_undo

    def do_redo(self):
        if self.session.model.current:
            self.session.model.current.undo.redo()

    def do_watch(self):
        noun = self.rng.choice([self.session.evidence, self.session.aggregate, self.session.typical])
        noun.set_watched(self.rng.random() < 0.7)

    do_watch_again = do_watch

    def do_count(self):
        self.session.evidence.set_importance_samples(self.rng.choice([1, 300, 2000]))

    def do_seed(self):
        self.session.evidence.set_seed(self.rng.randrange(3))

    def do_redraw(self):
        self.session.evidence.redraw()

    def do_fit(self):
        self.session.evidence.fit()

    def do_cancel(self):
        self.session.evidence.cancel_fit()

    def do_dimension(self):
        self.session.aggregate.choose(self.rng.randrange(5))

    def do_resample(self):
        self.session.aggregate.resample()

    def do_put_on_sliders(self):
        self.session.aggregate.put_on_sliders(self.rng.choice(SOURCES), 3)

    def do_choose_neighbour(self):
        self.session.typical.choose(self.rng.randrange(20))

    def do_grip(self):
        self.session.latent.grip()

    def do_release(self):
        self.session.latent.release()

    def do_wait(self):
        for _ in range(self.rng.randrange(1, 20)):
            QCoreApplication.processEvents()


def belongs(session):
    """What is shown belongs to the chosen image and the shown model; a list of what does not."""
    snapshot, posterior = session.model.snapshot, session.image.posterior
    evidence, aggregate, typical = session.evidence, session.aggregate, session.typical
    wrong = []
    for one in (evidence.shown, evidence.map):
        if one is not None:
            of, wanted = one.encoded, posterior
            if (of.lineage, of.image, of.settings) != (snapshot.lineage, session.image.image, wanted.settings):
                wrong.append(one)
    if evidence.fitted is not None and evidence.fitted.encoded is not posterior:
        wrong.append(evidence.fitted)
    for one in (aggregate.shown, aggregate.samples):
        if one is not None and one.lineage != snapshot.lineage:
            wrong.append(one)
    if aggregate.shown is not None and aggregate.shown.q.z_dim != snapshot.z_dim:
        wrong.append(aggregate.shown)
    if snapshot is not None and not 0 <= aggregate.dimension < snapshot.z_dim:
        wrong.append(aggregate.dimension)
    found = typical.neighbours
    if found is not None:
        data = session.model.current.data
        if found.names != tuple(data.title(i) for i in found.indices) or found.of != len(data):
            wrong.append(found)
    return wrong


def rests(session):
    """Everything that is wanted is there, by the newest weights."""
    snapshot, image = session.model.snapshot, session.image
    evidence, aggregate, typical = session.evidence, session.aggregate, session.typical
    if image.is_reading or session.model.is_opening or session.jobs.is_active:
        return False
    posterior = image.posterior
    if image.image is not None:
        settings = session.image.settings
        if posterior is None or posterior.number != snapshot.number or posterior.settings != settings:
            return False
        if not evidence.reason and evidence._is_wanted:
            shown, settings = evidence.shown, (evidence.settings.importance_samples, evidence.settings.seed)
            if shown is None or shown.encoded is not posterior or not shown.is_whole:
                return False
            if (shown.importance_samples, shown.seed) != settings:
                return False
            is_mapped = evidence.map is not None and evidence.map.encoded is posterior
            if evidence.is_watched and snapshot.z_dim == 2 and not is_mapped:
                return False
    if aggregate.is_watched and not aggregate.reason:
        shown, samples = aggregate.shown, aggregate.samples
        if shown is None or shown.number != snapshot.number or samples is None or samples.aggregate is not shown:
            return False
        if samples.seed != aggregate.settings.seed or len(samples.z) < len(SOURCES):
            return False
        if shown.decomposition is None and snapshot.card.can("posterior"):
            return False
    if typical.is_watched and not typical.reason:
        tests = session.data_posteriors.shown
        if tests is None or (tests.lineage, tests.number) != (snapshot.lineage, snapshot.number):
            return False
        if posterior is not None and typical.neighbours is None:
            return False
    return True


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_shown_belongs_to_what_is_chosen_and_all_of_it_comes_in_the_end(
    session, open_model, stored_model, flat_model, plain_model, tiny_model, take_snapshot, monkeypatch, qtbot, seed
):
    from vae_explorer.core import fit as module

    original = module.fit
    monkeypatch.setattr(module, "fit", lambda *args, **kwargs: original(*args, steps=3, **kwargs))
    monkeypatch.setattr("vae_explorer.session.threads.latest.SLICE", 0.002)
    monkeypatch.setattr(type(session.training), "is_active", property(lambda self: self.goes_on))
    session.training.goes_on = False
    open_model(tiny_model)
    data = session.model.current.data.take(slice(0, 25))
    session.model.opened.data = session.model.current.data.take(slice(0, 50))
    hand = Hand(session, [stored_model, flat_model, plain_model, tiny_model], take_snapshot, data, random.Random(seed))
    wrong, done, failed = [], [], []
    for noun in (session.evidence, session.aggregate, session.typical):
        noun.changed.connect(lambda: wrong.extend(belongs(session)))
        noun.changed.connect(lambda noun=noun: noun.failure and failed.append(noun.failure))
    session.failed.connect(failed.append)
    session.image.failed.connect(failed.append)
    for _ in range(ACTIONS // 30):
        for _ in range(30):
            done.append(hand.act())
            wrong.extend(belongs(session))
            assert not wrong, (wrong, done[-15:])
        session.latent.release()
        try:
            qtbot.waitUntil(lambda: rests(session), timeout=TIMEOUT)
        except Exception:
            pytest.fail(f"it does not come to rest after {done[-30:]}")
        shown = session.evidence.shown
        if (
            shown is not None
            and not session.evidence.reason
            and shown.encoded is session.image.posterior
            and shown.is_whole
        ):
            x = torch.from_numpy(shown.encoded.x)
            *_, expected = draws(session.model.snapshot.model, x, shown.importance_samples, shown.seed)
            if shown.encoded.number == session.model.snapshot.number:
                assert shown.log_evidence == expected.log_evidence, done
    assert failed == []
    session.training.goes_on = False
