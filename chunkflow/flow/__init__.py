"""The one object that a program holds."""
