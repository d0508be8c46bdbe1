"""The user interface: widgets, which know the session and nothing else."""
