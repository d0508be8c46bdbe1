"""Tables of pixels that are text."""
