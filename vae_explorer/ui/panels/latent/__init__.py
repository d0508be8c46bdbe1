"""A row with a slider for each dimension of z."""
