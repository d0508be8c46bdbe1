"""Small files in the formats in which others publish data sets of images, each as its own documentation describes it.

They are made here, by the tests and for the mutants, with the library that its users write it with where there is one.
"""

import io
import json
import tarfile
from collections.abc import Callable

import numpy as np
from PIL import Image

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (12, 8, 8), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (12, 8, 8, 3), dtype=np.uint8)
LABELS = np.arange(12) % 3


def mnist_csv(images: np.ndarray = GREY, labels: np.ndarray | None = LABELS, *, header: bool = True) -> bytes:
    """Kaggle's Digit Recognizer: label, pixel0, pixel1, …; its test.csv has no label; pjreddie.com's no header."""
    rows = images.reshape(len(images), np.prod(images.shape[1:]))
    names = [f"pixel{i}" for i in range(rows.shape[1])]
    if labels is not None:
        rows, names = np.concatenate([labels[:, None], rows], axis=1), ["label", *names]
    lines = [",".join(names)] if header else []
    return ("\n".join([*lines, *(",".join(map(str, row)) for row in rows.tolist())]) + "\n").encode()


def fer_csv(images: np.ndarray = GREY, labels: np.ndarray = LABELS, usages: tuple[str, ...] = ()) -> bytes:
    """FER2013's fer2013.csv: emotion, pixels, Usage."""
    usages = usages or ("Training",) * len(images)
    rows = [
        f"{label},{' '.join(map(str, image.ravel().tolist()))},{usage}"
        for image, label, usage in zip(images, labels, usages, strict=True)
    ]
    return "\n".join(["emotion,pixels,Usage", *rows, ""]).encode()


def cifar_batch(images: np.ndarray, *labels: np.ndarray) -> bytes:
    """Binary version of CIFAR: <1 × label> (coarse and fine in CIFAR-100) <3072 × pixel>, channel by channel."""
    planes = np.moveaxis(images, 3, 1).reshape(len(images), -1)
    return np.concatenate([*(one[:, None] for one in labels), planes], axis=1).astype(np.uint8).tobytes()


def stl_images(images: np.ndarray) -> bytes:
    """STL-10: "the images are stored in column-major order, one channel at a time"."""
    return images.transpose(0, 3, 2, 1).tobytes()


def mat(arrays: dict[str, object], *, packed: bool = False) -> bytes:
    """MATLAB's version 5 (packed: as version 7 writes it)."""
    from scipy.io import savemat

    file = io.BytesIO()
    savemat(file, arrays, do_compression=packed)
    return file.getvalue()


def tar(files: dict[str, bytes], mode: str = "w") -> bytes:
    """A TAR archive; mode "w:gz", "w:bz2" or "w:xz" for a packed one."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def webdataset(images: np.ndarray = GREY, labels: np.ndarray = LABELS) -> bytes:
    """A shard: 000000.png, 000000.cls, 000001.png, …"""
    files = {}
    for i, (image, label) in enumerate(zip(images, labels, strict=True)):
        files |= {f"{i:06}.png": png(image), f"{i:06}.cls": str(label).encode()}
    return tar(files)


def hdf5(arrays: dict[str, np.ndarray], **how: object) -> bytes:
    """What h5py writes; `how` goes to create_dataset."""
    import h5py

    file = io.BytesIO()
    with h5py.File(file, "w") as content:
        for name, array in arrays.items():
            content.create_dataset(name, data=array, **how)
    return file.getvalue()


def parquet(
    images: np.ndarray = GREY,
    labels: np.ndarray = LABELS,
    names: tuple[str, ...] = ("ant", "bee", "cat"),
    change: Callable[[bytes], bytes] = bytes,
) -> bytes:
    """As Hugging Face's datasets writes it: image {bytes, path}, label, and the features in the schema's metadata."""
    import pyarrow
    from pyarrow.parquet import write_table

    pictures = [{"bytes": change(png(image)), "path": f"{i}.png"} for i, image in enumerate(images)]
    table = pyarrow.table({"image": pictures, "label": pyarrow.array(labels, pyarrow.int64())})
    features = {"image": {"_type": "Image"}, "label": {"names": list(names), "_type": "ClassLabel"}}
    file = io.BytesIO()
    write_table(
        table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})}),
        file,
        row_group_size=5,
    )
    return file.getvalue()


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
