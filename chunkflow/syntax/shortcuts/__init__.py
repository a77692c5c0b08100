"""Finds plain declarations without the parser."""
