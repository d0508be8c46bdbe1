"""vae-explorer data and doctor, and what all commands have in common."""

import json
from dataclasses import replace

import pytest
from PIL import Image

from vae_explorer import paths
from vae_explorer.data import catalog
from vae_explorer.data.drawn import digits as drawn_digits
from vae_explorer.data.reading import AUTOMATIC


@pytest.mark.parametrize("command", ["evaluate", "encode", "decode", "sample"])
def test_a_model_that_is_not_there_is_said_with_the_names_of_those_that_are(call, command, tmp_path):
    rest = {"evaluate": ["mnist"], "encode": ["a.png"], "decode": ["--z", "0"], "sample": []}[command]
    out = [] if command == "evaluate" else ["--out", tmp_path / "x.png"]
    answer = call(command, "mnits", *rest, *out)
    assert (answer.code, answer.sentence) == (1, "There is no model 'mnits': did you mean mnist?")


def test_a_damaged_model_is_said(call, model, tmp_path):
    content = bytearray(model.read_bytes())
    content[-1] ^= 1
    (tmp_path / "bad.safetensors").write_bytes(content)
    answer = call("sample", tmp_path / "bad.safetensors", "--out", tmp_path / "x.png")
    assert answer.code == 1
    assert answer.sentence.startswith("bad.safetensors is damaged")


def test_a_models_run_folder_stands_for_its_newest_model(call, model, data):
    assert call("evaluate", model.parent, data, "--json").json == call("evaluate", model, data, "--json").json


def test_data_list_names_the_sets_and_what_a_download_costs(call, monkeypatch, tmp_path):
    monkeypatch.setattr(catalog, "SYSTEM_FOLDER", tmp_path)
    rows = call("data", "list", "--json").json["data"]
    assert [row["name"] for row in rows] == list(catalog.DATASETS)
    assert [row["available"] for row in rows] == [False, False, True, True]
    assert [row["download"] for row in rows] == [catalog.DATASETS[row["name"]].download_size for row in rows]
    lines = call("data", "list").out.splitlines()
    assert lines[0] == "mnist          70,000 handwritten digits, 28 × 28 grey pixels (12 MB download)"
    assert lines[1] == (
        "               licence: CC BY-SA 3.0; "
        "source: Y. LeCun, C. Cortes, C. J. C. Burges: The MNIST database of handwritten digits"
    )
    assert lines[4].endswith("(on this machine)")
    assert lines[-1].startswith("Your own: a folder or an archive of pictures, ")
    assert [row["licence"] for row in rows] == ["CC BY-SA 3.0", "MIT", "MIT", "MIT"]
    assert all(row["source"] for row in rows)


INFO = [  # its keys
    *("name", "images", "shape", "sizes", "classes", "class_counts", "splits", "factors", "notes", "reading"),
    *("skipped", "source", "licence"),
]


def test_data_info_describes_a_set(call, data):
    assert call("data", "info", data, "--json").json == {
        "name": "blocks",
        "images": 120,
        "shape": [1, 12, 12],
        "sizes": [{"width": 12, "height": 12, "images": 120}],
        "classes": ["0", "1", "2"],
        "class_counts": [40, 40, 40],
        "splits": {"train": 90, "validation": 10, "test": 20},
        "factors": [],
        "notes": [],
        "reading": AUTOMATIC.model_dump(),
        "skipped": [],
        "source": None,  # of somebody's own files it is not known
        "licence": None,
    }
    assert call("data", "info", data).out.splitlines() == [
        "blocks: 120 images, 12 × 12 grey pixels",
        "splits: 90 train, 10 validation, 20 test",
        "classes: 0 (40), 1 (40), 2 (40)",
    ]


def test_data_info_says_which_files_were_skipped_and_why(call, digits, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(5):
        Image.fromarray(digits[i]).save(folder / f"{i}.png")
    (folder / "bad.png").write_bytes(b"no picture")
    result = call("data", "info", folder, "--json").json
    assert list(result) == INFO
    assert result["images"] == 5
    assert [skipped["path"] for skipped in result["skipped"]] == [str(folder / "bad.png")]
    assert "1 file was left out:" in call("data", "info", folder).out


def test_data_info_writes_a_contact_sheet_as_a_picture(call, data, tmp_path):
    out = tmp_path / "sheet.png"
    answer = call("data", "info", data, "--sheet", out, "--json")
    assert list(answer.json) == INFO  # all is said as without it
    with Image.open(out) as page:
        assert page.format == "PNG"
    refused = call("data", "info", data, "--sheet", tmp_path / "sheet.txt")
    assert (refused.code, refused.sentence.endswith("must end in .png or .jpg, got sheet.txt")) == (2, True)


def test_what_was_chosen_is_said_with_its_option(call, data):
    lines = call("data", "info", data, "--size", 24, "--fit", "pad").out.splitlines()
    assert "the images were resized to 24 × 24 pixels from 12 × 12 (--size)" in lines
    assert "fit: pad (--fit)" in lines  # there was nothing to be padded
    assert call("data", "info", data, "--black=-1024.0", "--json").code == 0  # as the window writes it


def test_data_fetch_draws_the_digits_that_need_no_network(call, monkeypatch):
    monkeypatch.setattr(drawn_digits, "DRAWN_DIGITS", replace(drawn_digits.DRAWN_DIGITS, train=40, test=10))
    answer = call("data", "fetch", "drawn-digits", "--json")
    assert answer.code == 0
    assert list(answer.json) == [*INFO, "folder"]
    assert answer.json["folder"] == str(paths.cache_folder())
    assert answer.json["images"] == 50
    assert call("data", "fetch", "drawn-digits").out == f"drawn-digits is in {paths.cache_folder()}\n"


def test_the_help_of_fetch_names_every_data_set(call):
    shown = call("data", "fetch", "--help").out
    assert all(name in shown for name in catalog.DATASETS)


def test_data_that_is_not_known_is_said(call):
    for arguments in (["fetch", "mnits"], ["info", "mnits"]):
        answer = call("data", *arguments)
        assert answer.code == 1
        assert "Did you mean mnist?" in answer.sentence


def test_doctor_finds_nothing_missing_here(call):
    answer = call("doctor", "--json")
    assert (answer.code, answer.err) == (0, "")
    result = answer.json
    assert list(result) == ["versions", "device", "cores", "display", "folders", "missing"]
    assert result["missing"] == []
    assert result["device"] in ("cpu", "cuda", "mps")
    assert result["display"] is True
    assert {"python", "torch", "PySide6-Essentials", "vae-explorer"} <= result["versions"].keys()
    assert result["folders"]["runs"] == str(paths.runs())
    assert call("doctor").out.endswith("Nothing is missing.\n")


def test_doctor_says_that_there_is_no_display_which_is_no_failure(call, monkeypatch):
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    answer = call("doctor", "--json")
    assert answer.code == 0
    assert answer.json["display"] is False
    assert answer.json["missing"][0].startswith("There is no display")


def test_doctor_says_which_library_is_missing_and_how_to_get_it(call, monkeypatch):
    from vae_explorer.commands import doctor

    monkeypatch.setattr(doctor, "LIBRARIES", ("torch", "no-such-library"))
    answer = call("doctor")
    assert answer.code == 1
    assert answer.sentence == "no-such-library is not installed: pip install no-such-library"
    assert answer.sentence in answer.out


def test_json_is_one_object_on_one_line(call, data, model, png, tmp_path):
    for arguments in (
        ["evaluate", model, data],
        ["encode", model, png(1)],
        ["decode", model, "--z", "0,0", "--out", tmp_path / "x.png"],
        ["sample", model, "--out", tmp_path / "x.png"],
        ["data", "list"],
        ["data", "info", data],
        ["doctor"],
    ):
        answer = call(*arguments, "--json")
        assert answer.out.count("\n") == 1
        assert isinstance(json.loads(answer.out), dict)
        assert answer.err == ""
