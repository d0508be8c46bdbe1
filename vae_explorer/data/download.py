"""Files from the network: checked by SHA-256, put in place whole or not at all, cancelled at any time."""

import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vae_explorer.core.progress import Job, Progress

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
        self._file, self._mirror, self._folder = file, mirror, folder
        self._cancelled = threading.Event()
        self._response: requests.Response | None = None

    def cancel(self) -> None:
        """Ends the transfer, and waits a moment until it has left no trace."""
        self._cancelled.set()
        if self._response is not None and self.is_alive():
            with suppress(Exception):  # it may end by itself meanwhile
                self._response.raw.shutdown()  # wakes a thread that waits for bytes
        self.join(FAREWELL)

    def run(self) -> None:
        import pooch  # here, for it brings requests with it, which takes a tenth of a second
        import requests
        import urllib3

        logging.getLogger("pooch").setLevel(logging.ERROR)
        host = urlsplit(self._mirror).hostname
        try:
            pooch.retrieve(
                self._mirror + self._file.name,
                known_hash=f"sha256:{self._file.sha256}",
                fname=self._file.name,
                path=self._folder,
                downloader=self._download,
            )
            self.succeeded = True
        except _CancelledError:
            pass
        except _FailedError as error:
            self.failure = str(error)
        except (requests.ConnectionError, requests.Timeout):
            pass  # no connection: the sentence names all mirrors
        except (requests.RequestException, urllib3.exceptions.HTTPError):
            self.failure = self._cut()
        except ValueError:
            self.failure = f"{host} sent another {self._file.name} than the known one (its SHA-256 differs)"
        except OSError as error:
            self.failure = f"{self._file.name} could not be written to {self._folder}: {error.strerror or error}"

    def _download(self, url: str, path: str, _pooch: object) -> None:
        """Writes to the temporary file that pooch checks and puts in place, or removes."""
        import requests

        headers = {"Accept-Encoding": "identity"}  # the checksum is that of the file as it lies there
        with (
            requests.get(url, stream=True, timeout=PATIENCE, headers=headers) as self._response,
            open(path, "wb") as out,
        ):
            if not self._response.ok:
                answer = f"{self._response.status_code} {self._response.reason}"
                raise _FailedError(f"{urlsplit(url).hostname} answered “{answer}” for {self._file.name}")
            while self.received <= self._file.size and (piece := self._response.raw.read1(CHUNK)):
                if self._cancelled.is_set():
                    raise _CancelledError
                out.write(piece)
                self.received += len(piece)
        if self._cancelled.is_set():
            raise _CancelledError
        if self.received < self._file.size:
            raise _FailedError(self._cut())

    def _cut(self) -> str:
        far = f"{self.received:,} of {self._file.size:,} bytes"
        return f"the connection to {urlsplit(self._mirror).hostname} was cut after {far} of {self._file.name}"
