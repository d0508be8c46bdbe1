"""The image as it came, as the network sees it, and its posterior."""
