"""Files from the network: checked by SHA-256, put in place whole or not at all, cancelled at any time."""

import hashlib
import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

from vae_explorer.core.progress import Job, Progress
from vae_explorer.storage import atomic

if TYPE_CHECKING:
    import requests

CHUNK = 1 << 16  # bytes
PATIENCE = 10  # seconds that a server may say nothing
REPORT_INTERVAL = 0.1  # seconds between two reports, whatever the server does
FAREWELL = 2  # seconds for a cancelled download to clear its partial file away


class DownloadError(OSError):
    """Why a file could not be had from the network: one sentence for the user."""


@dataclass(frozen=True)
class RemoteFile:
    """A file that lies on the network in several places."""

    name: str
    size: int  # bytes
    sha256: str
    mirrors: tuple[str, ...]  # the addresses before the name, with their last slash; tried in turn


def fetch(files: Sequence[RemoteFile], folder: Path, otherwise: str = "open a folder that has its files") -> Job[None]:
    """Downloads what is not there yet into the folder, whose name is the data set's.

    Closing the generator cancels; files that are complete by then stay. Raises DownloadError, whose sentence names
    what the user can do otherwise.
    """
    total, done = sum(file.size for file in files), 0
    for file in files:
        yield from _fetch_one(file, folder, otherwise, done, total)
        done += file.size
    yield Progress(total, total, "bytes")


def _fetch_one(file: RemoteFile, folder: Path, otherwise: str, done: int, total: int) -> Job[None]:
    offline: list[str] = []
    failures: list[str] = []
    for mirror in file.mirrors:
        transfer = _Transfer(file, mirror, folder)
        transfer.start()
        try:
            while transfer.is_alive():
                transfer.join(REPORT_INTERVAL)
                yield Progress(done + min(transfer.received, file.size), total, "bytes")
        finally:
            transfer.cancel()
        if transfer.succeeded:
            return
        if transfer.trouble:  # another mirror has no other disk
            raise DownloadError(
                f"{folder.name} could not be downloaded: {file.name} could not be written to {folder} "
                f"({transfer.trouble}). Check that the disk has room and that you can write there, or {otherwise}."
            )
        if transfer.failure:
            failures.append(transfer.failure)
        else:
            offline.append(str(urlsplit(mirror).hostname))
    if failures:
        raise DownloadError(f"{folder.name} could not be downloaded: {failures[0]}. Try again later, or {otherwise}.")
    raise DownloadError(
        f"{folder.name} could not be downloaded: there is no connection to {' or '.join(dict.fromkeys(offline))}. "
        f"Connect to the network and try again, or {otherwise}."
    )


class _CancelledError(Exception):
    """The user does not want the file any more."""


class _FailedError(Exception):
    """Why a mirror did not give the file; a sentence's second half."""


class _Transfer(threading.Thread):
    """One file from one mirror. A thread of its own, so that a server that says nothing holds nobody up."""

    def __init__(self, file: RemoteFile, mirror: str, folder: Path):
        super().__init__(name=f"download {file.name}", daemon=True)
        self.received = 0  # bytes
        self.succeeded = False
        self.failure = ""  # why not, where it was not for want of a connection
        self.trouble = ""  # of the disk here
        self._file, self._mirror, self._folder = file, mirror, folder
        self._cancelled = threading.Event()
        self._response: requests.Response | None = None

    def cancel(self) -> None:
        """Ends the transfer, and waits a moment until it has left no trace; before an answer there is none."""
        self._cancelled.set()
        if self._response is not None and self.is_alive():
            with suppress(Exception):  # it may end by itself meanwhile
                self._response.raw.shutdown()  # wakes a thread that waits for bytes
            self.join(FAREWELL)

    def run(self) -> None:
        import requests  # here, for it takes a tenth of a second
        import urllib3

        try:
            if not self._is_there():
                self._ask()
            self.succeeded = True
        except _CancelledError:
            pass
        except _FailedError as error:
            self.failure = str(error)
        except (requests.ConnectionError, requests.Timeout):
            pass  # no connection: the sentence names all mirrors
        except (requests.RequestException, urllib3.exceptions.HTTPError):
            self.failure = self._cut()
        except OSError as error:
            self.trouble = error.strerror or str(error)
        except Exception as error:  # its own thread's end would be taken for a network that is not there
            logging.getLogger(__name__).exception("unexpected")
            self.failure = f"something went wrong inside the program ({type(error).__name__})"

    def _is_there(self) -> bool:
        """Whether the file is on this machine, and is the right one."""
        try:
            with (self._folder / self._file.name).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == self._file.sha256
        except FileNotFoundError:
            return False

    def _ask(self) -> None:
        """Puts the whole file in place, or raises. There is no partial file before the server has answered: until then
        nothing wakes this thread, and a program that ends meanwhile leaves no trace."""
        import requests

        url = self._mirror + self._file.name
        headers = {"Accept-Encoding": "identity"}  # the checksum is that of the file as it lies there
        try:
            response = requests.get(url, stream=True, timeout=PATIENCE, headers=headers)
        except requests.RequestException:
            raise
        except OSError as error:  # certificates that are not where they are said to be
            raise _FailedError(f"the network cannot be used ({error})") from error
        with response:
            self._response = response  # from here on `cancel` waits
            self._stop_if_cancelled()
            if not response.ok:
                answer = f"{response.status_code} {response.reason}"
                raise _FailedError(f"{urlsplit(url).hostname} answered “{answer}” for {self._file.name}")
            self._folder.mkdir(parents=True, exist_ok=True)
            with atomic.replacing(self._folder / self._file.name) as out:
                self._receive(response, out)

    def _receive(self, response: "requests.Response", out: BinaryIO) -> None:
        digest = hashlib.sha256()
        while self.received <= self._file.size and (piece := response.raw.read1(CHUNK)):
            self._stop_if_cancelled()
            out.write(piece)
            digest.update(piece)
            self.received += len(piece)
        self._stop_if_cancelled()
        if self.received < self._file.size:
            raise _FailedError(self._cut())
        if digest.hexdigest() != self._file.sha256:
            host = urlsplit(self._mirror).hostname
            raise _FailedError(f"{host} sent a different {self._file.name} (its SHA-256 does not match)")

    def _stop_if_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise _CancelledError

    def _cut(self) -> str:
        far = f"{self.received:,} of {self._file.size:,} bytes"
        return f"the connection to {urlsplit(self._mirror).hostname} was cut after {far} of {self._file.name}"
