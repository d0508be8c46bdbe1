"""The command line: commands registered by path, so only the one that is used is imported; errors as one sentence."""

import difflib
import gc
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from cyclopts import App, CoercionError, CycloptsError, MissingArgumentError, Parameter
from cyclopts.exceptions import UnusedCliTokensError
from cyclopts.exceptions import ValidationError as InvalidArgument
from pydantic import ValidationError

from vae_explorer import __version__, errors
from vae_explorer.commands.usage import WrongUsage
from vae_explorer.errors import UserError, wrong_value

DONE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130
COMMANDS = {  # with the first line of its help, so that the list of commands imports none of them
    "train": "Train a model on a data set, or resume a run; the result is a run folder.",
    "evaluate": "Evaluate a model: ELBO, reconstruction and KL in nats per image, and optionally log p(x).",
    "encode": "Encode pictures: mu and sigma of q(z|x), samples from it, and the ELBO.",
    "decode": "Decode a latent point into a picture: the mean of p(x|z), or an x drawn from it.",
    "sample": "Sample z from the prior N(0, I), or from q(z) of the test images, and decode each into a picture.",
    "data": "List, download and describe data sets.",
    "selftest": "Check a model's numbers and samples against independent computations.",
    "doctor": "Show what is installed, what is missing and how to install it.",
}
MIN_SIZE, MAX_SIZE = 200, 8000  # pixels, of the window

app = App(
    name="vae-explorer",
    help="Train, explore and use a variational autoencoder. Without a command, the window opens.",
    help_format="plaintext",
    version=__version__,
    suppress_keyboard_interrupt=False,
)
for _place, (_name, _help) in enumerate(COMMANDS.items()):
    app.command(f"vae_explorer.commands.{_name}:{_name}", name=_name, help=_help, sort_key=_place)


SIZE_HELP = "window size in pixels: WIDTHxHEIGHT; by default that of the last time, or what fits the screen"


def _check_size(_type: object, size: str) -> None:
    width, _, height = size.partition("x")
    if size and not all(side.isdecimal() and MIN_SIZE <= int(side) <= MAX_SIZE for side in (width, height)):
        raise ValueError(f"must be WIDTHxHEIGHT in pixels, such as 1440x900, got {size}")


@app.default
def window(
    *files: Annotated[str, Parameter(help="models, images or data sets to open")],
    screenshot: Annotated[Path | None, Parameter(help="render the window into this PNG and exit")] = None,
    size: Annotated[str, Parameter(help=SIZE_HELP, validator=_check_size)] = "",
) -> int:
    """Open the window on models, images or data sets."""
    for file in files:
        _check_is_there(file)
    gc.disable()  # the window collects for itself; what is imported here stays, and to look through it takes 0.05 s
    try:
        from vae_explorer import app as application
    except ImportError as error:
        from vae_explorer import display

        raise UserError(display.qt_problem() or str(error)) from error
    return application.run([Path(file) for file in files], screenshot=screenshot, size=size)


def main(arguments: list[str] | None = None) -> None:
    """The `vae-explorer` command: exit codes 0 done, 1 failed, 2 wrong usage, 130 after Ctrl+C."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # replaced by something that is no file
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # not every terminal has a σ
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Runs one command and gives its exit code; what fails is one sentence on stderr, and the log has the details."""
    with errors.logged() as log:
        try:
            if arguments and not arguments[0].startswith("-") and arguments[0] not in COMMANDS:
                _check_is_there(arguments[0])  # before its options are looked at, which belong to no command then
            result = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
            if sys.stdout:
                sys.stdout.flush()
            return result if isinstance(result, int) else DONE
        except (CycloptsError, WrongUsage) as error:
            return _say(_usage(error), WRONG_USAGE)
        except KeyboardInterrupt:
            return INTERRUPTED
        except BrokenPipeError:  # whoever read the output has gone
            _drop_output()
            return FAILED
        except Exception as error:
            logging.getLogger(__name__).warning("vae-explorer %s failed", " ".join(arguments[:1]), exc_info=True)
            _drop_output()
            details = log.problem[:1].lower() + log.problem[1:] or f"see {log.baseFilename} for details"
            return _say(errors.sentence(error, details), FAILED)


def _drop_output() -> None:
    """What cannot be written any more: Python would try at its end, and complain once more."""
    with suppress(AttributeError):  # there is no output
        try:
            sys.stdout.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):  # not a file
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _check_is_there(file: str) -> None:
    if not os.path.lexists(file):
        near = difflib.get_close_matches(file, COMMANDS, n=1)
        raise WrongUsage(f"There is no command or file '{file}'." + (f" Did you mean {near[0]}?" if near else ""))


def _say(sentence: str, code: int) -> int:
    with suppress(OSError, ValueError):  # nobody listens
        if sys.stderr:
            print(sentence, file=sys.stderr)
    return code


def _usage(error: Exception) -> str:
    """The parser's complaint in our words."""
    cause = error.__cause__
    command = " ".join(getattr(error, "command_chain", None) or ())
    match error:
        case InvalidArgument() if isinstance(cause, ValidationError):
            field, wanted, value = wrong_value(cause)
            return f"--{field.replace('_', '-')} must be {wanted}, got {value}"
        case InvalidArgument(argument=argument) if argument and cause:
            return f"{argument.name} {cause}"
        case MissingArgumentError(argument=argument) if argument:
            what = f"{error.keyword} needs a value" if error.keyword else f"{command} needs {argument.name}"
            return f"{what}: see vae-explorer {command} --help"
        case UnusedCliTokensError(unused_tokens=[token, *_]):
            return f"Unexpected argument '{token}': see vae-explorer {command} --help"
        case CoercionError(token=token, target_type=kind) if token and kind in (int, float):
            number = "a whole number" if kind is int else "a number"
            return f"{token.keyword or 'this'} must be {number}, got {token.value}"
    return " ".join(str(error).split())
