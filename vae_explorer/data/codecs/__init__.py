"""Picture formats below Pillow: what reading one may cost, and the kinds that Pillow reads wrongly."""
