"""What an error is to the user, and what the log has of it."""

import contextlib
import errno
import importlib
import logging
import os
import pkgutil
import sys
import threading
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import vae_explorer
from vae_explorer import errors, paths
from vae_explorer.data.reading import Reading
from vae_explorer.errors import (
    IN_THE_WINDOW,
    NO_MEMORY,
    Log,
    Repeats,
    UserError,
    logged,
    place,
    sentence,
    wrong_value,
)
from vae_explorer.paths import FolderError

FOR_THE_USER = (ValueError, RuntimeError, OSError)
FAULT = "Something went wrong inside the program"


def raised(does):
    """The error, with its traceback as it is where the program catches it."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - any
        does()
    return caught.value


def say(error):
    raise error


# sentences


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (UserError("a.png is cut off;\n  save it again"), "a.png is cut off; save it again"),
        (FolderError("the disk is full"), "the disk is full"),
        (UserError("tired"), "tired"),
        (MemoryError(), NO_MEMORY),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB\n" * 20), NO_MEMORY),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to"), NO_MEMORY),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), NO_MEMORY),
        (UserError("a\ud800b\udcffc.png\x1b[2J is none"), "a�b�c.png�[2J is none"),
        (OSError(errno.EFAULT, "Bad address", "/a/b.npz"), "/a/b.npz: Bad address"),
        (OSError(errno.EFAULT, "Bad address"), "Bad address"),
        (OSError(errno.EFAULT, "Bad address", 7), "Bad address"),
    ],
)
def test_an_error_that_was_written_for_the_user_is_said_in_one_line(error, text):
    assert sentence(error) == text
    assert sentence(raised(lambda: say(error))) == text


@pytest.mark.parametrize("number", ["EACCES", "ENOENT", "ENOSPC", "EROFS", "ENOTDIR", "EISDIR", "EEXIST", "EIO"])
@pytest.mark.parametrize("name", ["/photos/a b.png", b"/photos/\xff.png", "/photos/\udcff\n.png", None])
def test_an_error_of_the_system_is_plain_words_and_what_to_do(number, name):
    number = getattr(errno, number)
    said = sentence(OSError(number, os.strerror(number), name))
    assert said.startswith("/photos/" if name else "A file ")
    assert said.isprintable()
    assert "Errno" not in said
    assert os.strerror(number) not in said
    assert "; " in said or ": " in said  # and what to do


def test_a_file_that_could_not_take_the_place_of_another_is_called_by_that_one():
    error = OSError(errno.EROFS, "Read-only file system", "/x/.tmp123", None, "/x/model.safetensors")
    assert sentence(error).startswith("/x/model.safetensors could not be written")


def test_no_errors_of_the_real_system_need_their_number(tmp_path):
    (tmp_path / "file").touch()
    for does in (
        lambda: (tmp_path / "gone").open(),
        lambda: (tmp_path / "file" / "x").open(),
        lambda: tmp_path.open(),
        lambda: (tmp_path / "file").mkdir(),
        lambda: (tmp_path / ("x" * 300)).touch(),
    ):
        said = sentence(raised(does))
        assert said.startswith(str(tmp_path))
        assert "Errno" not in said


@pytest.mark.parametrize(
    "does",
    [
        pytest.param(lambda: {}["gone"], id="KeyError"),
        pytest.param(lambda: [][1], id="IndexError"),
        pytest.param(lambda: len(3), id="TypeError"),
        pytest.param(lambda: 1 // 0, id="ZeroDivisionError"),
        pytest.param(lambda: int("x"), id="ValueError of Python"),
        pytest.param(lambda: "\ud800".encode(), id="UnicodeEncodeError"),
        pytest.param(lambda: np.ones(3) + np.ones(4), id="ValueError of numpy"),
        pytest.param(lambda: torch.ones(2, 3) @ torch.ones(2, 3), id="RuntimeError of torch"),
        pytest.param(lambda: torch.nn.Linear(3, 2)(torch.ones(1, 4)), id="RuntimeError within torch"),
        pytest.param(lambda: torch.nn.BatchNorm1d(2)(torch.ones(1, 2)), id="ValueError within torch"),
        pytest.param(lambda: torch.nn.Linear(2, 2).load_state_dict({}), id="RuntimeError of many lines"),
        pytest.param(lambda: say(AssertionError()), id="AssertionError"),
        pytest.param(lambda: say(ValueError()), id="ValueError without words"),
        pytest.param(lambda: say(RecursionError("maximum recursion depth exceeded")), id="RecursionError"),
        pytest.param(lambda: say(KeyError("x" * 10_000)), id="a long one"),
    ],
)
def test_a_fault_of_the_program_is_called_one_and_its_details_are_in_the_log(does):
    error = raised(does)
    said = sentence(error)
    assert said.startswith(f"{FAULT} ({type(error).__name__}")
    assert said.endswith(f"; {IN_THE_WINDOW}")
    assert said.isprintable()
    assert len(said) < 250


def test_an_error_that_cannot_even_say_itself_is_a_fault():
    class Mute(Exception):  # noqa: N818
        def __str__(self):
            return 1 / 0

    assert sentence(Mute()) == f"{FAULT} (Mute); {IN_THE_WINDOW}"
    with logged():
        logging.getLogger("x").error("it", exc_info=(Mute, Mute(), None))
    assert "Mute" in paths.log_file().read_text()


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(), st.sampled_from([ValueError, RuntimeError, OSError, KeyError, ImportError]))
def test_whatever_an_error_says_it_is_one_line_that_can_be_shown(text, kind):
    said = sentence(raised(lambda: say(kind(text))))
    assert said
    assert said.isprintable()


def own_kinds():
    """The exception classes of the program whose text is for the user; the others stay inside a layer."""
    found = set()
    for module in pkgutil.walk_packages(vae_explorer.__path__, "vae_explorer."):
        if not module.name.endswith("__main__"):
            for kind in vars(importlib.import_module(module.name)).values():
                if isinstance(kind, type) and issubclass(kind, FOR_THE_USER) and kind.__module__ == module.name:
                    found.add(kind)
    return sorted((kind for kind in found if not kind.__name__.startswith("_")), key=str)


@pytest.mark.parametrize("kind", own_kinds(), ids=lambda kind: kind.__name__)
def test_every_kind_of_error_of_the_program_says_its_own_sentence(kind):
    assert kind.__doc__
    assert sentence(raised(lambda: say(kind("a.png is broken: take another")))) == "a.png is broken: take another"
    assert {"DataError", "DownloadError", "FolderError", "ModelFileError", "PictureError", "RunError"} <= {
        one.__name__ for one in own_kinds()
    }


def test_what_happens_again_without_a_moment_of_quiet_is_counted(monkeypatch):
    now = 100.0
    monkeypatch.setattr(errors.time, "monotonic", lambda: now)
    repeats, counted = Repeats(), []
    for now in (100, 101, 102.5, 104, 106, 108.1):  # noqa: B007 - the clock
        counted.append(repeats.note("a"))
    assert counted == [1, 2, 3, 4, 5, 1]
    assert repeats.note("b") == 1
    for i in range(10_000):
        repeats.note(i)
    assert len(repeats._last) <= errors.MAX_KINDS


# the log


@pytest.fixture
def text():
    """What the newest log has."""
    return lambda: paths.log_file().read_text("utf-8")


def fail(what="x"):
    try:
        raise KeyError(what)
    except KeyError:
        logging.getLogger("tests").warning("it failed", exc_info=True)


def test_there_is_no_log_before_there_is_something_to_say():
    with logged():
        pass
    assert not paths.log_file().parent.exists()


def test_the_log_begins_with_the_versions(text):
    with logged():
        fail()
    first, second, *_ = text().splitlines()
    for part in (f"VAE Explorer {vae_explorer.__version__}", "Python 3.", f"torch {torch.__version__}", "numpy "):
        assert part in first
    assert "WARNING tests: it failed" in second


def test_an_error_that_goes_on_is_written_once_in_full_and_then_counted(text, monkeypatch):
    now = 100.0
    monkeypatch.setattr(errors.time, "monotonic", lambda: now)
    with logged():
        for frame in range(600):  # ten seconds of a painted fault
            now = 100 + frame / 60
            fail(frame)
        now = 110.5
        fail()
        fail()
    assert text().count("Traceback") == 1
    assert [line.split(": ", 1)[1] for line in text().splitlines() if "again" in line] == [
        "it failed (KeyError: 0) … again, 600 times",
        "it failed (KeyError: 0) … again, 1 times",
    ]


def test_two_places_are_two_errors(text):
    with logged():
        fail()
        with contextlib.suppress(ZeroDivisionError):
            logging.getLogger("tests").warning("it failed")
        try:
            raise KeyError("x")
        except KeyError:
            logging.getLogger("tests").warning("it failed", exc_info=True)
    assert text().count("Traceback") == 2


def test_the_log_turns_round(monkeypatch):
    monkeypatch.setattr(errors, "LOG_BYTES", 2000)
    with logged():
        for i in range(200):
            logging.getLogger("tests").warning("line %d %s", i, "x" * 50)
    files = sorted(file.name for file in paths.log_file().parent.iterdir())
    assert files == ["vae-explorer.log", *(f"vae-explorer.log.{i}" for i in (1, 2, 3))]
    for file in paths.log_file().parent.iterdir():
        assert file.stat().st_size < 2500
        assert file.read_text().startswith("--- VAE Explorer")
    assert "line 199" in paths.log_file().read_text()


def test_a_log_that_another_program_holds_open_goes_on_in_the_same_file(text, monkeypatch):
    monkeypatch.setattr(errors, "LOG_BYTES", 2000)
    monkeypatch.setattr(os, "rename", lambda *_: say(PermissionError(errno.EACCES, "in use")))
    with logged() as log:
        for i in range(100):
            logging.getLogger("tests").warning("line %d %s", i, "x" * 50)
    assert "line 0" in text()
    assert "line 99" in text()
    assert not log.problem


@pytest.mark.parametrize("where", ["part of its path is a file", "is a folder", "full"])
def test_a_log_that_cannot_be_written_is_told_once_and_stops_nobody(monkeypatch, tmp_path, capfd, where):
    path = tmp_path / "home" / "log" / "vae-explorer.log"
    if where == "part of its path is a file":
        (tmp_path / "home").touch()
    elif where == "is a folder":
        path.mkdir(parents=True)
    elif not os.path.exists("/dev/full"):
        pytest.skip("a device of Linux")
    else:
        path.parent.mkdir(parents=True)
        path.symlink_to("/dev/full")
    monkeypatch.setenv("VAE_EXPLORER_HOME", str(tmp_path / "home"))
    told = []
    with logged() as log:
        log.tell = told.append
        fail()
        log.handle(logging.LogRecord("tests", logging.ERROR, "", 0, "no number: %d", ("x",), None))
        fail("y")
    assert len(told) == 1
    assert told == [log.problem]
    assert told[0].startswith(f"The log {path} cannot be written (")
    assert "set VAE_EXPLORER_HOME" in told[0]
    assert capfd.readouterr() == ("", "")


def test_a_log_that_can_be_written_again_goes_on(tmp_path, monkeypatch, text):
    monkeypatch.setenv("VAE_EXPLORER_HOME", str(tmp_path / "home"))
    (tmp_path / "home").touch()
    with logged():
        logging.getLogger("tests").error("first")
        (tmp_path / "home").unlink()
        logging.getLogger("tests").error("second")
    assert "second" in text()


def test_names_that_are_not_utf_8_can_be_logged(text, monkeypatch):
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # pytest's own: no other process can be told that name
    with logged():
        logging.getLogger("tests").error("shown: %s", "a\udcff.png")
    assert r"a\udcff.png" in text()


class Faulty:
    def __del__(self):
        {}["in __del__"]


def test_what_nothing_catches_is_in_the_log_and_not_on_stderr(text, capfd):
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    with logged(), warnings.catch_warnings():
        warnings.simplefilter("default")
        thread = threading.Thread(target=lambda: {}["in a thread"])
        thread.start()
        thread.join()
        Faulty()
        warnings.warn("be warned", stacklevel=1)
        sys.excepthook(KeyError, KeyError("in a slot"), None)
    for what in (
        "KeyError: 'in a thread'",
        "KeyError: 'in __del__'",
        "UserWarning: be warned",
        "KeyError: 'in a slot'",
    ):
        assert what in text()
    assert (sys.excepthook, threading.excepthook, sys.unraisablehook) == hooks
    assert not any(isinstance(handler, Log) for handler in logging.getLogger().handlers)
    assert capfd.readouterr() == ("", "")


def test_one_log_is_enough(text):
    with logged() as outer:
        with logged() as inner:
            assert inner is outer
            fail()
        logging.getLogger("tests").error("after")
    assert text().count("it failed") == 1
    assert "after" in text()


def test_the_place_of_an_error_is_the_line_that_raised_it():
    one, two = raised(lambda: say(ValueError("a"))), raised(lambda: say(ValueError("b")))
    assert place(type(one), one.__traceback__) == place(type(two), two.__traceback__)
    assert place(KeyError, None) == ("KeyError", "", 0)


def test_what_a_validator_says_of_a_value_is_in_our_words():
    with pytest.raises(ValidationError) as raised:
        Reading(size=5)
    assert wrong_value(raised.value) == ("size", "0 or at least 8", "5")
