"""Data sets that are drawn on this machine from known factors. Nothing is downloaded, and no two images are equal."""
