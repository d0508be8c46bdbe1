"""What can be dropped or pasted, and where it goes."""
