"""python -m vae_explorer, and the command vae-explorer."""

import os
import signal
import sys
from pathlib import Path


def main() -> None:
    """Runs the command line. While it is still being imported nothing is at stake: a signal ends it at once, without a
    word, the window with 0 and a command with 130 (Ctrl+C)."""
    command = Path(__file__).with_name("commands") / f"{''.join(sys.argv[1:2])}.py"
    if not os.path.isfile(command):  # unlike Path.is_file also for a name that no file system takes
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, lambda *_: os._exit(0))
    try:
        from vae_explorer import cli

        cli.main()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
