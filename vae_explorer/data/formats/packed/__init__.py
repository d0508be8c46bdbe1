"""Archives of files, and what is packed as one stream."""
