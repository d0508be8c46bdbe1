"""The small files whose mutants are tried: a data set in each form, and what makes a mutant of it."""

import gzip
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import foreign_files
import numpy as np
from mutators import Dice, encoded, idx, mutant, npy, png, zipped
from PIL import Image, features
from tiff_files import tiff_file


def data_files() -> dict[str, tuple[bytes, Callable[[Dice], bytes]]]:
    """A small data set in each form, by the kind's name, and what makes a mutant of it."""
    grey = np.random.default_rng(0).integers(0, 256, (12, 10, 9), dtype=np.uint8)
    labels = (np.arange(12) % 3).astype(np.uint8)
    four = {
        "train-images-idx3-ubyte": idx(grey),
        "train-labels-idx1-ubyte": idx(labels),
        "t10k-images-idx3-ubyte": idx(grey[:5]),
        "t10k-labels-idx1-ubyte": idx(labels[:5]),
    }
    pictures = {f"{'abc'[label]}/{i}.png": png(one) for i, (one, label) in enumerate(zip(grey, labels, strict=True))}
    names = np.array(["ant", "bee", "cat"])[labels]
    npz = {"x_train.npy": npy(grey), "y_train.npy": npy(names), "x_test.npy": npy(np.asfortranarray(grey[:3] / 255.0))}
    clear = np.random.default_rng(0).integers(0, 4096, (12, 9, 8, 4)).astype(np.uint16)
    drawn = {"imgs.npy": npy(clear), "latents_values.npy": npy(np.arange(36.0).reshape(12, 3))}
    drawn |= {"latents_names.npy": npy(names[:3]), "classes.npy": npy(names[:3]), "labels.npy": npy(np.eye(3)[labels])}
    plain = {
        "NPY": npy(grey),
        "NPZ with factors": zipped(drawn, zipfile.ZIP_STORED),
        "NPZ": zipped(npz),
        "NPZ, not packed": zipped(npz, zipfile.ZIP_STORED),
        "IDX": idx(grey),
        "gzipped IDX": gzip.compress(idx(grey), mtime=0),
        "ZIP of pictures": zipped(pictures),
        "ZIP of MNIST's four": zipped({f"{name}.gz": gzip.compress(one, mtime=0) for name, one in four.items()}),
    }
    plain |= _foreign(grey, labels)
    plain |= {name: zipped(files) for name, files in _labelled(grey, labels).items()}
    return {
        **{name: (content, partial(mutant, content)) for name, content in plain.items()},
        "NPZ with factors, checksums made right": (plain["NPZ with factors"], partial(_zip_of_mutants, drawn)),
        "NPZ, checksums made right": (plain["NPZ"], partial(_zip_of_mutants, npz)),
        "ZIP of unusual pictures, checksums made right": (
            zipped(unusual_pictures()),
            partial(_zip_of_mutants, unusual_pictures()),
        ),
        "ZIP of pictures, checksums made right": (plain["ZIP of pictures"], partial(_zip_of_mutants, pictures)),
        "gzipped IDX, checksum made right": (
            plain["gzipped IDX"],
            lambda dice: gzip.compress(mutant(idx(grey), dice), mtime=0),
        ),
        **{
            f"{name}, checksums made right": (plain[name], partial(_zip_of_mutants, files))
            for name, files in _labelled(grey, labels).items()
        },
        **_made_again(grey, labels),
    }


def _labelled(grey: np.ndarray, labels: np.ndarray) -> dict[str, dict[str, bytes]]:
    """Folders whose labels or classes are in a file of their own."""
    colour = np.random.default_rng(2).integers(0, 256, (3, 96, 96, 3), dtype=np.uint8)
    pictures = {f"{i}.png": png(one) for i, one in enumerate(grey)}
    rows = [(name, "abc"[label]) for name, label in zip(pictures, labels, strict=True)]
    csv = "".join(f"{name},{label}\n" for name, label in rows).encode()
    lines = "".join(json.dumps({"file_name": name, "label": label}) + "\n" for name, label in rows).encode()
    places = "".join(f"{name}\t{label}\t0\t0\t9\t9\n" for name, label in rows).encode()
    train = {f"train/{'abc'[label]}/images/{i}.png": png(grey[i]) for i, label in enumerate(labels)}
    return {
        "ZIP with metadata.csv": {"metadata.csv": b"file_name,label\n" + csv, **pictures},
        "ZIP with metadata.jsonl": {"metadata.jsonl": lines, **pictures},
        "ZIP with labels.csv": {"labels.csv": b"image,class\n" + csv, **pictures},
        "ZIP of Tiny ImageNet": {
            "val/val_annotations.txt": places,
            **{f"val/images/{name}": one for name, one in pictures.items()},
            **train,
        },
        "ZIP of CIFAR-100": {
            "train.bin": foreign_files.cifar_batch(colour[:, :32, :32], labels[:3], labels[:3]),
            "fine_label_names.txt": b"ant\nbee\ncat\n",
        },
        "ZIP of STL-10": {
            "train_X.bin": foreign_files.stl_images(colour),
            "train_y.bin": bytes(labels[:3] + 1),
            "class_names.txt": b"ant\nbee\ncat\n",
        },
    }


def _made_again(grey: np.ndarray, labels: np.ndarray) -> dict[str, tuple[bytes, Callable[[Dice], bytes]]]:
    """What is packed is changed within: its checksums are made right."""
    shard = foreign_files.webdataset(grey, labels)
    mat = foreign_files.mat({"images": grey, "labels": labels})
    names = {
        f"{i}.{kind}": one for i in range(3) for kind, one in (("png", png(grey[i])), ("json", b'{"label": "ant"}'))
    }
    made: dict[str, tuple[bytes, Callable[[Dice], bytes]]] = {
        "TAR, checksums made right": (shard, lambda dice: _tar_summed(mutant(shard, dice))),
        "TAR, gz, checksums made right": (
            gzip.compress(shard, mtime=0),
            lambda dice: gzip.compress(_tar_summed(mutant(shard, dice)), 1, mtime=0),
        ),
        "TAR of mutants": (foreign_files.tar(names), lambda dice: foreign_files.tar(_with_a_mutant(names, dice))),
        "MAT, packed, checksum made right": (
            _mat_packed(mat[128:]),
            lambda dice: _mat_packed(mutant(mat[128:], dice)),
        ),
    }
    if find_spec("pyarrow"):
        made["Parquet of mutants"] = (
            foreign_files.parquet(grey, labels),
            lambda dice: foreign_files.parquet(grey, labels, change=lambda picture: mutant(picture, dice)),
        )
    return made


def _tar_summed(content: bytes) -> bytes:
    """The checksums of all headers made right, as far as they lie where they did."""
    changed = bytearray(content)
    for at in range(0, len(changed) - 511, 512):
        if changed[at + 257 : at + 262] == b"ustar":
            changed[at + 148 : at + 156] = b" " * 8
            changed[at + 148 : at + 156] = b"%06o\0 " % sum(changed[at : at + 512])
    return bytes(changed)


def _mat_packed(variables: bytes) -> bytes:
    header = foreign_files.mat({})[:128]
    packed = zlib.compress(variables)
    return header + struct.pack("<II", 15, len(packed)) + packed


def unusual_pictures() -> dict[str, bytes]:
    """Small pictures of the kinds that are read without Pillow's help, or that hold several."""
    grey = np.random.default_rng(1).integers(0, 256, (10, 9), dtype=np.uint8)
    image, colour = Image.fromarray(grey), Image.fromarray(np.dstack([grey, grey.T.reshape(10, 9), 255 - grey]))
    pages: dict[str, Any] = {"save_all": True, "append_images": [Image.fromarray(255 - grey)]}
    deep = np.asarray(colour).astype(np.uint16) * 257
    turned = Image.Exif()
    turned[0x0112] = 6
    masks = struct.pack("<IIII", 0x7C00, 0x3E0, 0x1F, 0x8000).ljust(84, b"\0")
    rows = b"".join(row.tobytes() + b"\0\0" for row in grey.astype("<u2") * 257)
    bmp = b"BM" + struct.pack("<IHHIIiiHHIIiiII", 0, 0, 0, 138, 124, 9, 10, 1, 16, 3, 0, 0, 0, 0, 0) + masks + rows
    made = {
        "pages.tif": encoded(image, "TIFF", compression="tiff_lzw", **pages),
        "deep.tif": encoded(Image.fromarray(grey.astype(np.uint16) * 257), "TIFF", compression="tiff_adobe_deflate"),
        "float.tif": encoded(Image.fromarray(grey.astype(np.float32)), "TIFF"),
        "planes.tif": tiff_file(deep, planes=True, packed=8, predictor=2),
        "tiles.tif": tiff_file(deep[..., :1], tile=16, order=">", pages=2),
        "clear.tif": tiff_file(np.dstack([deep, deep[..., :1]]), packed=8),
        "turned.jpg": encoded(colour, "JPEG", exif=turned),
        "animated.gif": encoded(image, "GIF", **pages),
        "animated.webp": encoded(image, "WEBP", lossless=True, **pages),
        "animated.png": encoded(image, "PNG", **pages),
        "masks.bmp": bmp,
        "binary.pgm": b"P5 9 10 4095\n" + (grey.astype(">u2") * 16).tobytes(),
        "bits.pbm": b"P4 9 10\n" + np.packbits(grey > 127, axis=1).tobytes(),
        "letters.pbm": b"P1 9 10\n" + b" ".join(b"%d" % (value > 127) for value in grey.ravel()),
        "letters.ppm": b"P3 9 10 # white\n255\n" + b" ".join(b"%d" % value for value in np.asarray(colour).ravel()),
    }
    return made | ({"it.avif": encoded(colour, "AVIF")} if features.check("avif") else {})


def _foreign(grey: np.ndarray, labels: np.ndarray) -> dict[str, bytes]:
    """The formats of others; those that need a library which is not there are left out."""
    colour = np.random.default_rng(1).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    files = {
        "CSV": foreign_files.mnist_csv(),
        "CSV with a column of pixels": foreign_files.fer_csv(),
        "MAT": foreign_files.mat({"images": grey, "labels": labels, "s": {"a": np.eye(2)}}),
        "MAT, packed": foreign_files.mat({"images": grey, "labels": labels}, packed=True),
        "TAR of CIFAR-10": foreign_files.tar({"data_batch_1.bin": foreign_files.cifar_batch(colour, labels[:3])}),
        "TAR of WebDataset": foreign_files.webdataset(),
        **{
            f"TAR, {packing}": foreign_files.tar({f"a/{i}.png": png(one) for i, one in enumerate(grey)}, f"w:{packing}")
            for packing in ("gz", "bz2", "xz")
        },
    }
    if find_spec("h5py"):
        files["HDF5"] = foreign_files.hdf5({"images": grey, "labels": labels})
        files["HDF5, packed"] = foreign_files.hdf5({"images": grey}, compression="gzip")
    if find_spec("pyarrow"):
        files["Parquet"] = foreign_files.parquet()
    return files


def _zip_of_mutants(files: dict[str, bytes], dice: Dice) -> bytes:
    return zipped(_with_a_mutant(files, dice))


def _with_a_mutant(files: dict[str, bytes], dice: Dice) -> dict[str, bytes]:
    """Those that are no pictures are few, and changed half of the time."""
    others = [name for name in files if not name.endswith(".png")]
    chosen = dice.choice(others if others and dice.random() < 0.5 else list(files))
    return {name: mutant(content, dice) if name == chosen else content for name, content in files.items()}
