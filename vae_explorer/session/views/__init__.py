"""One noun for each view: what it wants now, and what it shows."""
