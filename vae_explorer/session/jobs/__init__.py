"""Long work with progress and Cancel, and the nouns that start it."""
