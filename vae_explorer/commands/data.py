"""vae-explorer data: what data sets there are."""

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from vae_explorer.commands.output import show
from vae_explorer.commands.usage import Data, Json
from vae_explorer.core.config import ImageShape
from vae_explorer.data.catalog import DATASETS
from vae_explorer.data.reading import AUTOMATIC, Reading

if TYPE_CHECKING:
    from vae_explorer.data.catalog import Entry
    from vae_explorer.data.image_set import DataSet

data = App(name="data", help="List, download and describe data sets.", help_format="plaintext")


@data.command(name="list")
def list_(*, json: Json = False) -> None:
    """List the data sets that are known by name."""
    from vae_explorer.data import catalog

    rows: list[dict[str, Any]] = [
        {
            "name": name,
            "title": entry.title,
            "description": entry.description,
            "classes": list(entry.classes),
            "source": entry.source,
            "licence": entry.licence,
            "available": catalog.available(name),
            "download": entry.download_size,
        }
        for name, entry in catalog.DATASETS.items()
    ]
    lines = []
    for row in rows:
        lines.append(f"{row['name']:<14} {row['description']} ({_place(row['available'], row['download'])})")
        lines.append(f"{'':<14} {_origin(row)}")
    show({"data": rows}, as_json=json, text="\n".join(lines))


@data.command
def fetch(name: Annotated[str, Parameter(help=f"one of {', '.join(DATASETS)}")], /, *, json: Json = False) -> None:
    """Make a data set available on this machine."""
    from vae_explorer.commands.drive import drive
    from vae_explorer.data import catalog

    folder = drive(catalog.fetch(name))
    loaded = drive(catalog.load(name))  # read once, so that what was fetched is known to be whole
    result = _described(loaded, catalog.DATASETS[name])
    show({**result, "folder": str(folder)}, as_json=json, text=f"{name} is in {folder}")


@data.command
def info(name: Data, /, *, reading: Annotated[Reading, Parameter(name="*")] = AUTOMATIC, json: Json = False) -> None:
    """Describe a data set: images, shape, classes, splits, and what was done to them."""
    from vae_explorer.commands.drive import drive
    from vae_explorer.data import catalog

    result = _described(drive(catalog.load(name, reading)), catalog.DATASETS.get(name))
    show(result, as_json=json, text=_text(result))


@data.command
def cache(
    *,
    empty: Annotated[bool, Parameter(help="remove them: they are read anew when they are opened", negative="")] = False,
    json: Json = False,
) -> None:
    """Say how much room pictures take that were read before, or empty this cache."""
    from vae_explorer.data.formats.folder import cache as kept

    size = kept.empty() if empty else kept.size()
    text = f"{size / 1e6:,.0f} MB of pictures {'were removed from' if empty else 'are in'} {kept.folder()}"
    show({"folder": str(kept.folder()), "bytes": size, "emptied": empty}, as_json=json, text=text)


def _described(loaded: "DataSet", entry: "Entry | None") -> dict[str, Any]:
    return {
        "name": loaded.name,
        "images": len(loaded),
        "shape": list(loaded.image_shape),
        "classes": list(loaded.classes),
        "splits": {split: len(loaded.part(split, seed=0)) for split in ("train", "validation", "test")},
        "factors": list(loaded.images.factors),
        "notes": [note.sentence for note in loaded.notes],
        "reading": loaded.reading.model_dump(),
        "skipped": [{"path": str(one.path), "reason": one.reason} for one in loaded.skipped],
        "source": entry.source if entry else None,
        "licence": entry.licence if entry else None,
    }


def _text(result: dict[str, Any]) -> str:
    lines = [
        f"{result['name']}: {result['images']:,} images, {ImageShape(*result['shape'])}",
        "splits: " + ", ".join(f"{count:,} {split}" for split, count in result["splits"].items()),
    ]
    if result["classes"]:
        lines.append("classes: " + ", ".join(result["classes"]))
    if result["source"]:
        lines.append(_origin(result))
    if result["factors"]:
        lines.append("factors: " + ", ".join(result["factors"]))
    lines += result["notes"]
    if result["skipped"]:
        lines.append(f"{len(result['skipped'])} {'file' if len(result['skipped']) == 1 else 'files'} skipped:")
        lines += [f"  {one['path']}: {one['reason']}" for one in result["skipped"]]
    return "\n".join(lines)


def _origin(row: dict[str, Any]) -> str:
    return f"licence: {row['licence']}; source: {row['source']}"


def _place(available: bool, download: int) -> str:
    return "on this machine" if available else f"{download / 1e6:.0f} MB download"
