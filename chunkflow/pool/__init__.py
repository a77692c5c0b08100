"""Runs tasks in this process or in others."""
