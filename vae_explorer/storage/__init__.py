"""Files that are whole or not there: atomic writes, locks, sealed containers. Knows nothing of images, models or Qt."""
