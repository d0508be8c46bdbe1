"""Formats that need a library which is installed only where somebody wants it."""
