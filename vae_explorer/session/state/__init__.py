"""What undo and a session file must know: the models, z, the images and the history."""
