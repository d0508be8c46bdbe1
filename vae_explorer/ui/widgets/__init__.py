"""The small parts that panels and views are made of. They know no session."""
