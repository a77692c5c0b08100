"""Observes and tunes a run."""
