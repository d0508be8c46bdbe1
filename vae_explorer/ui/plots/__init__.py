"""Painted plots of numbers. They know no session."""
