"""How work leaves the window's thread and comes back. Knows no noun."""
