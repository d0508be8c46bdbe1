"""The thread that drives a long job."""

import threading
from dataclasses import dataclass

import pytest

from vae_explorer.core.progress import Progress
from vae_explorer.errors import UserError
from vae_explorer.session.threads.generator_thread import GeneratorThread

TIMEOUT = 30_000  # milliseconds


@dataclass(frozen=True)
class Report(Progress):
    pass


class Counting:
    """A job that counts, and is let through its gate once for each permit."""

    def __init__(self, steps=None, permits=0):
        self.steps, self.done = steps, 0
        self.permits = threading.Semaphore(permits)
        self.closed = threading.Event()
        self.is_between = False  # a snapshot may be taken
        self.threads = set()

    def __call__(self):
        try:
            while self.steps is None or self.done < self.steps:
                assert self.permits.acquire(timeout=TIMEOUT / 1000)
                self.done += 1
                self.threads.add(threading.get_ident())
                self.is_between = True
                yield Progress(self.done, self.steps, "steps")
                self.is_between = False
            return f"counted to {self.done}"
        finally:
            self.closed.set()

    def let(self, steps):
        self.permits.release(steps)


@pytest.fixture
def drive(qtbot):
    """Starts a thread for a job and notes its signals; it is stopped at the end."""
    threads = []

    def start(job, **options):
        thread = GeneratorThread(job, **options)
        thread.heard = []
        for name in ("progressed", "snapshot_taken", "succeeded", "failed"):
            getattr(thread, name).connect(lambda value, name=name: thread.heard.append((name, value)))
        for name in ("stopped", "finished"):
            getattr(thread, name).connect(lambda name=name: thread.heard.append((name, None)))
        thread.names = lambda: [name for name, _ in thread.heard]
        threads.append((thread, job))
        thread.start()
        return thread

    yield start
    for thread, job in threads:
        thread.stop()
        if isinstance(job, Counting):
            job.let(1000)
        assert thread.wait(TIMEOUT)


def ended(thread):
    return lambda: "finished" in thread.names()


def test_it_tells_progress_and_then_the_result(drive, qtbot):
    job = Counting(steps=3, permits=3)
    thread = drive(job)
    qtbot.waitUntil(ended(thread), timeout=TIMEOUT)
    assert thread.heard[0] == ("progressed", Progress(1, 3, "steps"))
    assert thread.heard[-2:] == [("succeeded", "counted to 3"), ("finished", None)]
    assert job.threads.isdisjoint({threading.get_ident()})


def test_messages_are_throttled_but_reports_never_dropped(drive, qtbot):
    def job():
        for i in range(5000):
            yield Report(i, 5000, "reports") if i % 50 == 0 else Progress(i, 5000, "steps")

    thread = drive(job, is_report=lambda progress: isinstance(progress, Report))
    qtbot.waitUntil(ended(thread), timeout=TIMEOUT)
    heard = [value for name, value in thread.heard if name == "progressed"]
    assert [value.done for value in heard if isinstance(value, Report)] == list(range(0, 5000, 50))
    assert len(heard) < 2500


def test_it_pauses_after_the_current_step_and_resumes_there(drive, qtbot):
    job = Counting(steps=5)
    thread = drive(job)
    job.let(1)
    qtbot.waitUntil(lambda: job.done == 1, timeout=TIMEOUT)
    thread.pause()
    job.let(10)  # the step it may be at
    qtbot.wait(50)
    rested_at = job.done
    assert rested_at <= 2
    qtbot.wait(50)
    assert job.done == rested_at
    assert not job.closed.is_set()
    thread.resume()
    qtbot.waitUntil(ended(thread), timeout=TIMEOUT)
    assert ("succeeded", "counted to 5") in thread.heard


def test_it_stops_also_while_paused(drive, qtbot):
    job = Counting(permits=1)
    thread = drive(job)
    qtbot.waitUntil(lambda: job.done == 1, timeout=TIMEOUT)
    thread.pause()
    job.let(1)
    qtbot.wait(20)  # so that it rests, as a rule
    thread.stop()
    qtbot.waitUntil(ended(thread), timeout=TIMEOUT)
    assert thread.names()[-2:] == ["stopped", "finished"]
    assert job.closed.is_set()


def test_a_stop_closes_the_generator_between_two_steps(drive, qtbot):
    job = Counting()
    thread = drive(job)
    job.let(3)
    qtbot.waitUntil(lambda: job.done == 3, timeout=TIMEOUT)
    thread.stop()
    job.let(1)
    qtbot.waitUntil(ended(thread), timeout=TIMEOUT)
    assert job.closed.is_set()
    assert job.done <= 4
    assert "succeeded" not in thread.names()
    assert thread.names()[-2:] == ["stopped", "finished"]


def test_a_stop_before_the_first_step_makes_none(drive, qtbot):
    job = Counting(permits=5)
    thread = GeneratorThread(job)
    thread.stop()
    with qtbot.waitSignals([thread.stopped, thread.finished], timeout=TIMEOUT):
        thread.start()
    assert job.done == 0
    assert thread.wait(TIMEOUT)


def test_an_error_becomes_a_sentence(drive, qtbot):
    def job():
        yield Progress(0, 1, "steps")
        raise UserError("The loss is no longer a number:\n lower the learning rate")

    thread = drive(job)
    qtbot.waitUntil(ended(thread), timeout=TIMEOUT)
    assert thread.names()[-2:] == ["failed", "finished"]
    assert thread.heard[-2][1] == "The loss is no longer a number: lower the learning rate"


def test_an_error_while_the_job_is_made_or_closed_is_told_too(drive, qtbot):
    def unmade():
        raise UserError("the folder is gone")

    def unclosed():
        try:
            while True:
                yield Progress(0, None, "steps")
        except GeneratorExit:
            raise UserError("the disk is full") from None

    first, second = drive(unmade), drive(unclosed)
    qtbot.waitUntil(lambda: "progressed" in second.names(), timeout=TIMEOUT)
    second.stop()
    qtbot.waitUntil(lambda: ended(first)() and ended(second)(), timeout=TIMEOUT)
    assert ("failed", "the folder is gone") in first.heard
    assert ("failed", "the disk is full") in second.heard
    assert "stopped" not in second.names()


def test_snapshots_are_taken_between_two_steps_and_at_the_end(drive, qtbot):
    job = Counting(steps=20, permits=20)
    taken = []

    def snapshot():
        taken.append(job.is_between)
        return job.done if job.done > 2 else None  # there is nothing to show yet

    thread = drive(job, snapshot=snapshot, snapshot_interval=0.0)
    qtbot.waitUntil(ended(thread), timeout=TIMEOUT)
    assert [value for name, value in thread.heard if name == "snapshot_taken"] == [*range(3, 21), 20]
    assert taken == [True] * 20 + [False]  # the last one after the end
    assert thread.names().index("succeeded") == len(thread.names()) - 2


@pytest.mark.parametrize("stopped", [False, True])
def test_an_error_of_the_last_snapshot_is_told_and_the_thread_ends(drive, qtbot, stopped):
    job = Counting(steps=None if stopped else 3)

    def snapshot():
        if job.closed.is_set():
            raise UserError("the memory is full")
        return job.done

    thread = drive(job, snapshot=snapshot)
    job.let(3)
    qtbot.waitUntil(lambda: job.done == 3, timeout=TIMEOUT)
    if stopped:
        thread.stop()
        job.let(1)
    qtbot.waitUntil(ended(thread), timeout=TIMEOUT)
    assert thread.heard[-2:] == [("failed", "the memory is full"), ("finished", None)]
    assert not {"succeeded", "stopped"} & set(thread.names())


def test_a_stopped_job_hands_over_its_last_snapshot(drive, qtbot):
    job = Counting()
    thread = drive(job, snapshot=lambda: job.done, snapshot_interval=1000.0)
    job.let(7)
    qtbot.waitUntil(lambda: job.done == 7, timeout=TIMEOUT)
    thread.stop()
    job.let(1)
    qtbot.waitUntil(ended(thread), timeout=TIMEOUT)
    assert [value for name, value in thread.heard if name == "snapshot_taken"] == [1, job.done]
