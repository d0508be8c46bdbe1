"""vae-explorer data: what data sets there are."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from vae_explorer.commands.output import show
from vae_explorer.commands.usage import Data, Json, picture_file
from vae_explorer.data.catalog import DATASETS
from vae_explorer.data.reading import AUTOMATIC, Reading

if TYPE_CHECKING:
    from vae_explorer.data.catalog import Entry
    from vae_explorer.data.contact_sheet import ContactSheet
    from vae_explorer.data.image_set import DataSet

OWN = (
    "Your own: a folder or an archive of pictures, or a file of arrays or of a table; "
    "vae-explorer data info PATH says what is found in it, and what is done to it"
)
LISTED = 10  # files that were changed, of one line

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
    lines.append(OWN)
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
def info(
    name: Data,
    /,
    *,
    sheet: Annotated[
        Path | None,
        Parameter(help="a picture to write (.png or .jpg): 32 images, and all that is said", validator=picture_file),
    ] = None,
    reading: Annotated[Reading, Parameter(name="*")] = AUTOMATIC,
    json: Json = False,
) -> None:
    """Describe a data set: images, sizes, splits, classes, factors, and what was done to them.

    What was done to the images has the option that changes it. All options are those of train.
    """
    from vae_explorer.commands.drive import drive
    from vae_explorer.data import catalog
    from vae_explorer.data.contact_sheet import ContactSheet
    from vae_explorer.export import contact_sheet

    loaded = drive(catalog.load(name, reading))
    result = _described(loaded, catalog.DATASETS.get(name))
    found = ContactSheet.of(loaded, reading)
    if sheet:
        contact_sheet.write(sheet, found)
    show(result, as_json=json, text=_text(found, result))


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
    from vae_explorer.data.contact_sheet import class_counts, split_counts

    return {
        "name": loaded.name,
        "images": len(loaded),
        "shape": list(loaded.image_shape),
        "sizes": [{"width": w, "height": h, "images": count} for (w, h), count in loaded.sizes.items()],
        "classes": list(loaded.classes),
        "class_counts": class_counts(loaded),
        "splits": split_counts(loaded),
        "factors": list(loaded.images.factors),
        "notes": [note.sentence for note in loaded.notes],
        "reading": loaded.reading.model_dump(),
        "skipped": [{"path": str(one.path), "reason": one.reason} for one in loaded.skipped],
        "source": entry.source if entry else None,
        "licence": entry.licence if entry else None,
    }


def _text(sheet: "ContactSheet", result: dict[str, Any]) -> str:
    """Title and lines of the sheet, each with its options and its list: whole where it tells what was left out."""
    from vae_explorer.data.contact_sheet import flags

    lines = [sheet.title]
    for note in sheet.lines:
        lines.append(f"{note.sentence}{flags(note)}{':' if note.files else ''}")
        listed = note.files if len(note.files) <= LISTED or not note.switch else note.files[:LISTED]
        lines += [f"  {one.reason}" for one in listed]
        if len(note.files) > len(listed):
            lines.append(f"  … and {len(note.files) - len(listed):,} more")
    if result["source"]:
        lines.append(_origin(result))
    return "\n".join(lines)


def _origin(row: dict[str, Any]) -> str:
    return f"licence: {row['licence']}; source: {row['source']}"


def _place(available: bool, download: int) -> str:
    return "on this machine" if available else f"{download / 1e6:.0f} MB download"
