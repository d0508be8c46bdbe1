"""One file for each view below the panels."""
