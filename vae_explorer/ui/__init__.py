"""What the user sees: widgets, which know the session and nothing else."""
