"""What the cache of pictures holds is said, and it can be emptied."""

import numpy as np
from PIL import Image

from vae_explorer.data.formats.folder import cache


def test_the_cache_is_measured_and_emptied(call, tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "WORTH_KEEPING", 0)
    for i in range(3):
        Image.fromarray(np.full((16, 16), 40 * i, np.uint8)).save(tmp_path / f"{i}.png")
    nothing = call("data", "cache", "--json")
    assert (nothing.code, nothing.json["bytes"]) == (0, 0)
    assert call("data", "info", tmp_path, "--json").json["images"] == 3
    held = call("data", "cache", "--json").json["bytes"]
    assert held > 3 * 16 * 16
    emptied = call("data", "cache", "--empty", "--json").json
    assert emptied == {"folder": str(cache.folder()), "bytes": held, "emptied": True}
    assert call("data", "cache", "--json").json["bytes"] == 0
    assert "0 MB of pictures are in" in call("data", "cache").out
