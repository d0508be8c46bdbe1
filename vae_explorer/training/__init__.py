"""Making a model: the loop, its checkpoints, its run folder. No Qt."""
