"""Pictures of a folder or a ZIP as one data set: `tree` says what their places mean, `decoding` makes them images."""
