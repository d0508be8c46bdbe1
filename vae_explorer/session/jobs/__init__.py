"""Long-running jobs with progress and Cancel, and the objects that start them."""
