"""Renders a run's report, one module for each output format."""
