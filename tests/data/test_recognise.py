"""What a file is, is told by its bytes and its name; and what is only there for people is passed over."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import struct
import tarfile
import wave
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from vae_explorer.core.progress import finish
from vae_explorer.data import files
from vae_explorer.data.container import DataError
from vae_explorer.data.formats.kinds import KINDS
from vae_explorer.data.picture import PictureError, read
from vae_explorer.data.recognise import is_bystander, not_read


def image(form: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (9, 9)).save(file, form)
    return file.getvalue()


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, b"x" * 30)
    return file.getvalue()


def saved(save: object, *arguments: object) -> bytes:
    file = io.BytesIO()
    save(file, *arguments)  # type: ignore[operator]
    return file.getvalue()


def tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.png"), io.BytesIO())
    return file.getvalue()


def sound() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as track:
        track.setparams((1, 2, 8000, 0, "NONE", ""))
        track.writeframes(bytes(99))
    return file.getvalue()


def database() -> bytes:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("create table images (png blob)")
    return connection.serialize()


def boxes(brand: bytes) -> bytes:
    return struct.pack(">I4s4sI", 24, b"ftyp", brand, 0) + b"mif1miaf" + bytes(40)


NOISE = np.random.default_rng(0).integers(128, 256, 2000, np.uint8).tobytes()
CSV = b"label,pixel0,pixel1\n1,0,255\n2,0,9\n"
OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + NOISE
FILES = {  # name: content, what it is, what is said that can be done
    "scan.dcm": (bytes(128) + b"DICM" + NOISE, "a DICOM file", "export it as PNG, or in Python: np.save"),
    "IM0001": (bytes(128) + b"DICM" + NOISE, "a DICOM file", "pydicom.dcmread(path).pixel_array"),
    "brain.nii": (struct.pack("<I", 348) + bytes(340) + b"n+1\0", "a NIfTI volume", "nibabel.load(path)"),
    "brain.nii.gz": (gzip.compress(bytes(344) + b"n+1\0"), "a NIfTI volume", "nibabel.load(path)"),
    "sky.fits": (b"SIMPLE  =                    T", "a FITS file", "fits.getdata(path)"),
    "labels.csv": (CSV, "a CSV table", "open it as a data set"),
    "labels.txt": (CSV, "a CSV table", "open it as a data set"),
    "half.csv": ("é;ü\n1;2\n".encode("utf-16"), "a CSV table", "open it as a data set"),
    "labels.tsv": (CSV.replace(b",", b"\t"), "a table of text", "open it as a data set"),
    "set.parquet": (b"PAR1" + NOISE, "a Parquet table", "open it as a data set"),
    "set.arrow": (b"ARROW1\0\0" + NOISE, "an Arrow table", "save it as Parquet"),
    "set.mat": (b"MATLAB 5.0 MAT-file, Platform" + NOISE, "a MATLAB file", "open it as a data set"),
    "new.mat": (b"MATLAB 7.3 MAT-file" + bytes(493) + b"\x89HDF\r\n\x1a\n", "a MATLAB file", "open it as a data set"),
    "set.h5": (b"\x89HDF\r\n\x1a\n" + NOISE, "an HDF5 file", "open it as a data set"),
    "set.tar": (tar(), "a tar archive", "open it as a data set"),
    "set.tar.gz": (gzip.compress(tar()), "a tar archive", "open it as a data set"),
    "set.npy": (saved(np.save, np.zeros(9)), "an NPY array", "open it as a data set"),
    "set.npz": (saved(np.savez, np.zeros(9)), "an NPZ of arrays", "open it as a data set"),
    "set.zip": (zipped("a/1.png"), "a ZIP archive", "open it as a data set"),
    "t10k-images-idx3-ubyte": (b"\0\0\x08\3" + bytes(99), "an IDX file", "open it as a data set"),
    "data_batch_1.bin": (NOISE, "a binary file of CIFAR or STL-10", "open it as a data set"),
    "data_batch_1": (pickle.dumps({"data": 1}), "a Python pickle", "it can run any code and is not opened"),
    "set.pkl": (pickle.dumps([1]), "a Python pickle", "np.savez"),
    "weights.pt": (saved(lambda file: torch.save(torch.zeros(2), file)), "a PyTorch file", "it is a pickle"),
    "old.pth": (pickle.dumps([1]), "a PyTorch file", "it is a pickle"),
    "m.safetensors": (struct.pack("<Q", 2) + b"{}", "a safetensors file", "only models that VAE Explorer"),
    "m.onnx": (b"\x08\x07\x12\x07pytorch" + NOISE, "an ONNX model", "only models that VAE Explorer"),
    "set.tfrecord": (NOISE, "a TFRecord file", "save its images as PNG"),
    "set.tfrecord-00000-of-00010": (NOISE, "a TFRecord file", "save its images as PNG"),
    "data.mdb": (bytes(16) + b"\xde\xc0\xef\xbe" + NOISE, "an LMDB database", "a folder for each class"),
    "set.db": (database(), "an SQLite database", "a folder for each class"),
    "labels.json": (json.dumps({"a.png": 1}).encode(), "a JSON file", "open the folder"),
    "labels.jsonl": (b'{"a": 1}\n{"a": 2}\n', "a JSON Lines file", "open the folder"),
    "work.ipynb": (b'{\n "cells": []}', "a Jupyter notebook", "np.save"),
    "numbers.txt": (b"0.1 0.2\n0.3 0.4\n", "a text file of numbers", "np.loadtxt(path)"),
    "README": (b"Read me, please", "a text file", "choose a picture"),
    "README.md": (b"# Read me", "a text file", "choose a picture"),
    "page.jpg": (b"<!DOCTYPE html><html>404", "a web page", "download the file itself"),
    "cat.png": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a Git LFS pointer", "git lfs pull"),
    "note.xml": (b"<?xml version='1.0'?><annotation/>", "an XML file", "choose a picture"),
    "a.pdf": (b"%PDF-1.7\n" + NOISE, "a PDF document", "save the page as PNG"),
    "a.eps": (b"%!PS-Adobe-3.0\n", "a PostScript drawing", "image editor"),
    "a.psd": (b"8BPS\0\1" + NOISE, "a Photoshop document", "export it as PNG"),
    "a.xcf": (b"gimp xcf v011\0" + NOISE, "a GIMP document", "export it as PNG"),
    "a.ico": (image("ICO"), "a Windows icon", "image editor"),
    "a.icns": (b"icns" + NOISE, "a macOS icon", "image editor"),
    "a.jp2": (image("JPEG2000"), "a JPEG 2000 picture", "image editor"),
    "a.jxl": (b"\xff\x0a" + NOISE, "a JPEG XL picture", "image editor"),
    "a.exr": (b"v/1\x01" + NOISE, "an OpenEXR picture", "PNG"),
    "a.hdr": (b"#?RADIANCE\n", "a Radiance HDR picture", "PNG"),
    "a.dds": (image("DDS"), "a DDS texture", "image editor"),
    "a.tga": (image("TGA"), "a Targa picture", "image editor"),
    "a.cr2": (b"II*\0\x10\0\0\0CR\2\0" + NOISE, "a camera's raw photo", "develop it"),
    "a.dng": (image("TIFF"), "a camera's raw photo", "rawpy"),
    "a.mp4": (boxes(b"isom"), "a video", "save its frames as PNG"),
    "a.mov": (boxes(b"qt  "), "a video", "ffmpeg"),
    "a.mkv": (b"\x1aE\xdf\xa3" + NOISE, "a video", "ffmpeg"),
    "a.avi": (b"RIFF\0\0\0\0AVI LIST" + NOISE, "a video", "ffmpeg"),
    "a.wav": (sound(), "a sound file", "choose a picture"),
    "a.mp3": (b"ID3\4\0" + NOISE, "a sound file", "choose a picture"),
    "a.flac": (b"fLaC" + NOISE, "a sound file", "choose a picture"),
    "a.docx": (zipped("[Content_Types].xml", "word/document.xml"), "a Word document", "the picture in it"),
    "a.xlsx": (zipped("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook", "save it as CSV"),
    "a.pptx": (zipped("[Content_Types].xml", "ppt/slides"), "a PowerPoint presentation", "the picture in it"),
    "a.doc": (OLD, "a Word document", "the picture in it"),
    "a.7z": (b"7z\xbc\xaf\x27\x1c" + NOISE, "a 7z archive", "unpack it"),
    "a.rar": (b"Rar!\x1a\x07\x01\0" + NOISE, "a RAR archive", "unpack it"),
    "a.bz2": (bz2.compress(b"x"), "a file packed by bzip2", "unpack it"),
    "a.xz": (lzma.compress(b"x"), "a file packed by xz", "unpack it"),
    "a.zst": (b"\x28\xb5\x2f\xfd" + NOISE, "a file packed by zstd", "unpack it"),
    "setup.exe": (b"MZ\x90\0\3" + bytes(60), "a program", "choose a picture"),
    "program": (b"\x7fELF\2\1\1" + bytes(60), "a program", "choose a picture"),
    "train.py": (b"import torch\n", "a Python program", "it is not run"),
    "a.ttf": (b"\0\1\0\0\0\x12" + NOISE, "a font", "choose a picture"),
    "a.png.part": (NOISE, "an unfinished download", "wait until it is complete"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_picture_is_named_with_its_remedy(name, tmp_path):
    content, title, remedy = FILES[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PictureError) as caught:
        read(tmp_path / name)
    said = str(caught.value)
    assert said.startswith(f"{name} is {title}, not a picture")
    assert remedy in said
    assert len(said) < 240


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, file in FILES.items()
        if "as a data set" not in file[2] and name not in ("data_batch_1", "a.bz2", "a.xz")  # it says what is in them
    ],
)
def test_a_file_that_is_no_data_set_is_named_too(name, tmp_path):
    content, title, remedy = FILES[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        finish(files.read(tmp_path / name))
    said = str(caught.value)
    assert said.replace(", unpacked,", "").startswith(f"{name} is {title}, not a data set")
    assert remedy in said


@pytest.mark.parametrize(
    ("form", "title"), [("PNG", "a PNG picture"), ("JPEG", "a JPEG picture"), ("BMP", "a BMP pict")]
)
def test_a_picture_as_a_data_set_is_told_where_it_belongs(form, title, tmp_path):
    (tmp_path / "one").write_bytes(image(form))
    with pytest.raises(DataError, match=rf"^one is {title}.*choose the folder or the ZIP"):
        finish(files.read(tmp_path / "one"))


def test_what_a_gzip_holds_is_named(tmp_path):
    for name, packed in (("a.json.gz", gzip.compress), ("a.json.xz", lzma.compress), ("a.bz2", bz2.compress)):
        (tmp_path / name).write_bytes(packed(b'{"a.png": 1}'))
        with pytest.raises(DataError, match=rf"^{name}, unpacked, is a JSON file, not a data set"):
            finish(files.read(tmp_path / name))


def test_a_name_alone_is_not_believed_where_the_bytes_would_tell():
    assert not_read(NOISE, "a.png", "picture").startswith(
        "is named like a PNG picture, but is damaged or something else"
    )
    assert not_read(b"", "a.png", "picture") == "is empty; save or download it again"
    assert not_read(NOISE, "a", "picture") == "is not a picture of a known kind; choose another file"
    assert "BMP" not in not_read(b"BMW, Audi and Opel", "cars", "picture")


def test_every_kind_has_its_own_name_and_suffixes():
    suffixes = [suffix for kind in KINDS for suffix in kind.suffixes.split()]
    assert len(suffixes) == len(set(suffixes))
    assert len({kind.key for kind in KINDS}) == len(KINDS)
    assert all(kind.remedy for kind in KINDS if kind.read_as != "picture")


starts = st.sampled_from([b"", *(content[:40] for content, _, _ in FILES.values())])


@settings(max_examples=300, deadline=None, derandomize=True)
@given(starts, st.binary(max_size=400), st.text(max_size=12), st.sampled_from(["", ".gz", *FILES]), st.booleans())
def test_any_bytes_of_any_name_get_one_sentence(start, noise, name, suffix, as_data):
    said = not_read(start + noise, name + suffix, "data" if as_data else "picture")
    assert said.startswith("is ")
    assert said.isprintable()
    assert "; " in said or ": " in said


@pytest.mark.parametrize(
    "name",
    [
        *(
            ".DS_Store",
            "Thumbs.db",
            "desktop.ini",
            "README",
            "README.md",
            "LICENSE",
            "labels.txt",
            "a/annotations.json",
        ),
        *("__MACOSX/a/._cat.png", "metadata.csv", "metadata.jsonl", "cat/._cat.png", "sub/Thumbs.db", "train.py"),
    ],
)
def test_what_is_there_for_people_is_passed_over(name):
    assert is_bystander(*name.split("/"))


def test_a_readme_does_not_stand_for_a_whole_folder(tmp_path):
    for name in ("README.md", "labels.txt", "Thumbs.db", "scan.dcm"):
        (tmp_path / name).write_bytes(FILES["scan.dcm"][0] if name == "scan.dcm" else b"Read me")
    with pytest.raises(DataError, match=r"scan\.dcm is a DICOM file") as caught:
        finish(files.read(tmp_path))
    assert "README" not in str(caught.value)
    (tmp_path / "cat.png").write_bytes(image("PNG"))
    assert [one.path.name for one in finish(files.read(tmp_path)).skipped] == ["scan.dcm"]


def test_a_file_in_a_zip_is_named_by_its_own_name(tmp_path):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("a/weights.onnx", NOISE)
        archive.writestr("a/cat.png", image("PNG"))
    (skipped,) = finish(files.read(tmp_path / "set.zip")).skipped
    assert skipped.reason.startswith("a/weights.onnx in set.zip is an ONNX model, not a picture")


@pytest.mark.parametrize(
    "name", ["cat.png", "readme.png", "icon.png", "labels.gif", "cat", "data.docx", "0001", "a.dcm"]
)
def test_what_may_be_a_picture_is_not(name):
    assert not is_bystander(*name.split("/"))
