"""What a file is, is told by its bytes and its name; and what is only there for people is passed over."""

import pytest

from vae_explorer.data.recognise import is_bystander


@pytest.mark.parametrize(
    "name",
    [".DS_Store", "Thumbs.db", "desktop.ini", "README", "README.md", "LICENSE", "labels.txt", "a/annotations.json"]
    + ["__MACOSX/a/._cat.png", "metadata.csv", "metadata.jsonl", "cat/._cat.png", "sub/Thumbs.db", "train.py"],
)
def test_what_is_there_for_people_is_passed_over(name):
    assert is_bystander(name)


@pytest.mark.parametrize(
    "name", ["cat.png", "readme.png", "icon.png", "labels.gif", "cat", "data.docx", "0001", "a.dcm"]
)
def test_what_may_be_a_picture_is_not(name):
    assert not is_bystander(name)
