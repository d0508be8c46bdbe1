"""The form of a run, its buttons and its curves."""
