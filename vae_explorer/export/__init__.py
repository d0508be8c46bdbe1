"""Giving out: pictures, sheets and tables as files. No Qt."""
