"""Downloads from a server of our own on this machine."""

import errno
import hashlib
import http.server
import threading
from collections import Counter
from contextlib import closing

import pytest

from vae_explorer.core.progress import finish
from vae_explorer.data import download
from vae_explorer.data.download import DownloadError, RemoteFile, fetch
from vae_explorer.storage import atomic

CONTENT = bytes(range(256)) * 4096  # 1 MiB
HALF = len(CONTENT) // 2


class Handler(http.server.BaseHTTPRequestHandler):
    """What it does depends on the folder that is asked for."""

    def do_GET(self):
        way = self.path.split("/")[1]
        self.server.asked[way] += 1
        if way == "missing":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        if way == "encoded":  # some servers say this of every .gz
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        if way == "other":
            self.wfile.write(CONTENT[::-1])
        elif way == "cut":
            self.wfile.write(CONTENT[:HALF])
        elif way == "stalled":
            self.wfile.write(CONTENT[:HALF])
            self.server.released.wait(30)
        else:
            self.wfile.write(CONTENT)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.released = Counter(), threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


def remote(server, *ways: str, name: str = "data.gz", content: bytes = CONTENT) -> RemoteFile:
    port = server.server_address[1]
    mirrors = tuple(f"http://127.0.0.1:{port}/{way}/" for way in ways)
    return RemoteFile(name, len(content), hashlib.sha256(content).hexdigest(), mirrors)


def left(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_right_file_is_put_in_place_with_progress_in_bytes(server, tmp_path):
    files = [remote(server, "right", name="a.gz"), remote(server, "right", name="b.gz")]
    reports = list(fetch(files, tmp_path / "set"))
    assert left(tmp_path / "set") == ["a.gz", "b.gz"]
    assert (tmp_path / "set" / "a.gz").read_bytes() == CONTENT
    assert [report.done for report in reports] == sorted(report.done for report in reports)
    assert reports[-1].done == reports[-1].total == 2 * len(CONTENT)
    assert {report.what for report in reports} == {"bytes"}


def test_a_file_that_is_there_is_not_asked_for_again(server, tmp_path):
    (tmp_path / "data.gz").write_bytes(CONTENT)
    finish(fetch([remote(server, "right")], tmp_path))
    assert not server.asked


def test_a_damaged_file_that_is_there_is_replaced(server, tmp_path):
    (tmp_path / "data.gz").write_bytes(CONTENT[:HALF])
    finish(fetch([remote(server, "right")], tmp_path))
    assert (tmp_path / "data.gz").read_bytes() == CONTENT


def test_the_bytes_are_those_of_the_file_whatever_encoding_the_server_claims(server, tmp_path):
    finish(fetch([remote(server, "encoded")], tmp_path))
    assert (tmp_path / "data.gz").read_bytes() == CONTENT


@pytest.mark.parametrize("bad", ["missing", "other", "cut"])
def test_the_next_mirror_is_tried(server, tmp_path, bad):
    finish(fetch([remote(server, bad, "right")], tmp_path))
    assert left(tmp_path) == ["data.gz"]
    assert server.asked == {bad: 1, "right": 1}


@pytest.mark.parametrize(
    ("way", "sentence"),
    [
        ("missing", "set could not be downloaded: 127.0.0.1 answered “404 Not Found” for data.gz. Try again later, or"),
        ("other", "127.0.0.1 sent a different data.gz"),
        ("cut", f"the connection to 127.0.0.1 was cut after {HALF:,} of {len(CONTENT):,} bytes of data.gz"),
    ],
)
def test_each_failure_has_its_sentence_and_leaves_no_file(server, tmp_path, way, sentence):
    with pytest.raises(DownloadError) as raised:
        finish(fetch([remote(server, way)], tmp_path / "set"))
    assert sentence in str(raised.value)
    assert left(tmp_path / "set") == []


def test_more_bytes_than_announced_are_not_taken(server, tmp_path):
    with pytest.raises(DownloadError, match="sent a different"):
        finish(fetch([remote(server, "right", content=b"short")], tmp_path))
    assert left(tmp_path) == []


def test_offline_it_names_the_mirror_and_what_to_do(server, tmp_path):
    gone = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    gone.server_close()  # its port refuses connections now
    with pytest.raises(DownloadError) as raised:
        finish(fetch([remote(gone, "a", "b")], tmp_path / "mnist", "open a folder that has its four IDX files"))
    assert str(raised.value) == (
        "mnist could not be downloaded: there is no connection to 127.0.0.1. "
        "Connect to the network and try again, or open a folder that has its four IDX files."
    )
    assert left(tmp_path / "mnist") == []


def test_cancelled_in_the_middle_it_leaves_no_file_and_no_thread(server, tmp_path):
    with closing(fetch([remote(server, "stalled")], tmp_path)) as job:
        for report in job:
            if report.done == HALF:
                assert left(tmp_path) != []  # under another name
                break
    assert left(tmp_path) == []
    assert [thread for thread in threading.enumerate() if thread.name.startswith("download")] == []


def test_a_silent_server_does_not_hold_up_the_reports(server, tmp_path):
    with closing(fetch([remote(server, "stalled")], tmp_path)) as job:
        while next(job).done < HALF:
            pass
        assert [next(job).done for _ in range(3)] == [HALF] * 3


def test_a_folder_that_cannot_be_written_has_its_sentence_and_asks_no_other_mirror(server, tmp_path):
    (tmp_path / "set").write_bytes(b"a file where the folder should be")
    with pytest.raises(
        DownloadError, match=r"set could not be downloaded: data\.gz could not be written to .* \(.+\)\."
    ):
        finish(fetch([remote(server, "right", "encoded")], tmp_path / "set"))
    assert not server.asked


def test_a_full_disk_half_way_has_its_sentence_and_leaves_what_was_there(server, tmp_path, monkeypatch):
    (tmp_path / "data.gz").write_bytes(b"damaged")

    def no_room(_self, _response, out):
        out.write(CONTENT[:HALF])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download._Transfer, "_receive", no_room)
    with pytest.raises(DownloadError, match=r"written to .* \(No space left on device\)\. Check that the disk"):
        finish(fetch([remote(server, "right")], tmp_path))
    assert left(tmp_path) == ["data.gz"]


def test_what_a_killed_download_left_goes_with_the_next_one(server, tmp_path):
    (tmp_path / f"{atomic.PREFIX}{'a' * 16}").write_bytes(CONTENT[:HALF])
    finish(fetch([remote(server, "right")], tmp_path))
    assert left(tmp_path) == ["data.gz"]


def test_two_downloads_of_one_file_do_not_disturb_each_other(server, tmp_path):
    with closing(fetch([remote(server, "stalled")], tmp_path)) as job:
        while next(job).done < HALF:
            pass
        finish(fetch([remote(server, "right")], tmp_path))
        assert len(left(tmp_path)) == 2
    assert left(tmp_path) == ["data.gz"]
    assert (tmp_path / "data.gz").read_bytes() == CONTENT


def test_certificates_that_are_not_there_are_no_fault_of_the_disk(server, tmp_path, monkeypatch):
    def get(*_arguments, **_keywords):
        raise OSError("Could not find a suitable TLS CA certificate bundle, invalid path: /none")

    monkeypatch.setattr("requests.get", get)
    with pytest.raises(DownloadError, match=r"the network cannot be used \(Could not find .*/none\)\. Try again later"):
        finish(fetch([remote(server, "right")], tmp_path))
