"""How work is passed to other threads and its results come back. Knows nothing of the session's objects."""
