"""A run while it goes on: the bar at the bottom of every workspace, and the sheet of its curves above it."""
