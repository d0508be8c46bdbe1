"""The documentation: links lead somewhere, the README's tree is the one on disk, and each decision is in the list."""

import re
from pathlib import Path

import pytest

import vae_explorer

ROOT = Path(vae_explorer.__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "benchmarks" / "README.md"]
LINK = re.compile(r"\]\(([^)\s]+)\)")
MAX_README = 125  # lines: what is longer has a page of its own


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def anchors(path: Path) -> set[str]:
    """Of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file_and_a_heading(page):
    for link in LINK.findall(text(page)):
        if not link.startswith(("http:", "https:")):
            name, _, anchor = link.partition("#")
            target = (page.parent / name).resolve() if name else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


def test_the_tree_of_the_readme_is_the_one_on_disk():
    tree = re.search(r"```\nvae-explorer/\n(.*?)```", text(ROOT / "README.md"), re.DOTALL)[1]
    folders = set(re.findall(r"── (\w+)/ ", tree))
    assert folders <= {path.name for path in (*ROOT.iterdir(), *Path(vae_explorer.__file__).parent.rglob("*"))}
    rooms = [path for path in (ROOT / "vae_explorer").rglob("__init__.py") if len(path.relative_to(ROOT).parts) <= 4]
    assert {path.parent.name for path in rooms} - folders <= {"image", "latent", "training", "vae_explorer"}
    assert len(text(ROOT / "README.md").splitlines()) <= MAX_README


def test_every_decision_is_in_the_list_under_its_title():
    folder = ROOT / "docs" / "decisions"
    pages = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    assert [int(path.name[:4]) for path in pages] == list(range(1, len(pages) + 1))
    for path in pages:
        number, title = re.match(r"# (\d{4}): (.+)", text(path)).groups()
        assert f"| [{number}]({path.name}) | {title} |" in text(folder / "README.md")
        headings = re.findall(r"^## (.+)$", text(path), re.MULTILINE)
        assert headings == ["Context", "Decision", "Measured", "Consequences"], path.name


def test_every_path_of_the_package_that_a_page_names_is_there():
    known = (
        "vae_explorer/",
        "tests/",
        "benchmarks/",
        "resources/",
        *(f"{name}/" for name in ("core", "data", "session")),
    )
    for page in PAGES:
        for name in re.findall(r"`([\w./-]+\.(?:py|md|toml|txt))`", text(page)):
            if name.startswith(known) and "NAME" not in name:
                assert (ROOT / name).exists() or (ROOT / "vae_explorer" / name).exists(), f"{page.name}: {name}"
