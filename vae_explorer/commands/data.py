"""vae-explorer data: what data sets there are."""

from typing import Annotated, Any

from cyclopts import App, Parameter

from vae_explorer.commands.output import Json, show

app = App(name="data", help="List, download and describe data sets.", help_format="plaintext")
Data = Annotated[str, Parameter(help="a data set's name, a folder of images, or a file")]


@app.command(name="list")
def list_(*, json: Json = False) -> None:
    """List the data sets that are known by name."""
    from vae_explorer.data import catalog

    rows: list[dict[str, Any]] = [
        {"name": name, "title": entry.title, "available": catalog.available(name), "download": entry.download_size}
        for name, entry in catalog.DATASETS.items()
    ]
    lines = [f"{row['name']:<15} {row['title']} ({_place(row['available'], row['download'])})" for row in rows]
    show({"data": rows}, as_json=json, text="\n".join(lines))


@app.command
def fetch(
    name: Annotated[str, Parameter(help="mnist, fashion-mnist or drawn-digits")], /, *, json: Json = False
) -> None:
    """Make a data set available on this machine."""
    from vae_explorer.commands.drive import drive
    from vae_explorer.data import catalog

    folder = drive(catalog.fetch(name))
    show({"name": name, "folder": str(folder)}, as_json=json, text=f"{name} is in {folder}")


@app.command
def info(data: Data, /, *, json: Json = False) -> None:
    """Describe a data set: images, shape, classes, splits, and what was skipped."""
    from vae_explorer.commands.drive import drive
    from vae_explorer.data import catalog

    loaded = drive(catalog.load(data))
    splits = {split: len(loaded.part(split, seed=0)) for split in ("train", "validation", "test")}
    result = {
        "name": loaded.name,
        "images": len(loaded.train) + (len(loaded.test) if loaded.test else 0),
        "shape": list(loaded.train.image_shape),
        "classes": list(loaded.classes),
        "splits": splits,
        "skipped": [{"path": str(one.path), "reason": one.reason} for one in loaded.skipped],
    }
    channels, height, width = loaded.train.image_shape
    lines = [
        f"{loaded.name}: {result['images']:,} images, {height} × {width}, {channels} channel{'s'[: channels > 1]}",
        "splits: " + ", ".join(f"{count:,} {split}" for split, count in splits.items()),
    ]
    if loaded.classes:
        lines.append("classes: " + ", ".join(loaded.classes))
    if loaded.skipped:
        lines.append(f"{len(loaded.skipped)} files skipped:")
        lines += [f"  {one.path}: {one.reason}" for one in loaded.skipped]
    show(result, as_json=json, text="\n".join(lines))


def _place(available: bool, download: int | None) -> str:
    if available or not download:
        return "on this machine"
    return f"a download of {download / 1e6:.0f} MB"
