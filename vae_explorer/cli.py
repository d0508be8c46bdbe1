"""The command line: commands registered by path, so only the one that is used is imported; errors as one sentence."""

import difflib
import logging
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter
from cyclopts.exceptions import ValidationError as InvalidArgument
from pydantic import ValidationError

from vae_explorer import __version__

DONE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130
COMMANDS = ("train", "evaluate", "encode", "decode", "sample", "data", "doctor")

app = App(
    name="vae-explorer",
    help="Train, see and use a variational autoencoder. Without a command it opens the window.",
    help_format="plaintext",
    version=__version__,
)
for _name in COMMANDS:
    app.command(f"vae_explorer.commands.{_name}:{'app' if _name == 'data' else _name}", name=_name)


class WrongUsage(ValueError):  # noqa: N818 - what the user did, not what broke
    """The command was called in a way that has no meaning; the text says which way has."""


@app.default
def window(
    *files: str,
    screenshot: Annotated[Path | None, Parameter(help="render the window into this PNG and exit")] = None,
    size: Annotated[str, Parameter(help="of the window, in pixels")] = "1440x900",
) -> int:
    """Open the window on models, images or data sets."""
    for file in files:
        if not Path(file).exists():
            near = difflib.get_close_matches(file, COMMANDS, n=1)
            raise WrongUsage(f"There is no command or file '{file}'." + (f" Did you mean {near[0]}?" if near else ""))
    from vae_explorer import system_libraries

    missing = system_libraries.problem()
    if missing:
        return _say(missing, FAILED)
    from vae_explorer import app as application

    return application.run([Path(file) for file in files], screenshot=screenshot, size=size)


def main(arguments: list[str] | None = None) -> None:
    """The `vae-explorer` command: exit codes 0 done, 1 failed, 2 wrong usage, 130 after Ctrl+C."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Runs one command and gives its exit code; whatever fails is one sentence on stderr."""
    try:
        result = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
        return result if isinstance(result, int) else DONE
    except InvalidArgument as error:
        cause = error.__cause__
        return _say(_reworded(cause) if isinstance(cause, ValidationError) else str(error), WRONG_USAGE)
    except (CycloptsError, WrongUsage) as error:
        return _say(" ".join(str(error).split()), WRONG_USAGE)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # whoever read the output has gone: nobody is there to be told
        return FAILED
    except (ValueError, OSError, RuntimeError) as error:
        return _say(_sentence(error), FAILED)
    except Exception as error:
        logging.getLogger(__name__).exception("unexpected")
        return _say(f"Something went wrong inside the program ({type(error).__name__}: {error})", FAILED)


def _say(sentence: str, code: int) -> int:
    print(sentence, file=sys.stderr)
    return code


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__


def _reworded(error: ValidationError) -> str:
    """pydantic's first complaint in the words of the command line."""
    first = error.errors()[0]
    flag = "--" + str(first["loc"][0]).replace("_", "-")
    limits = first.get("ctx", {})
    got = f", got {first['input']}"
    match first["type"]:
        case "greater_than_equal":
            return f"{flag} must be at least {limits['ge']:g}{got}"
        case "less_than_equal":
            return f"{flag} must be at most {limits['le']:g}{got}"
        case "greater_than":
            return f"{flag} must be more than {limits['gt']:g}{got}"
        case "int_parsing" | "int_type" | "int_from_float":
            return f"{flag} must be a whole number{got}"
        case "float_parsing" | "float_type" | "finite_number":
            return f"{flag} must be a number{got}"
        case "literal_error":
            return f"{flag} must be {limits['expected'].replace(chr(39), '')}{got}"
    return f"{flag}: {first['msg']}{got}"
