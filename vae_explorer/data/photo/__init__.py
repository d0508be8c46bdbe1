"""The figure of a photograph: where it is, what it is drawn on, and how it becomes like a training image."""
