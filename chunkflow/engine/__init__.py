"""Files to a report."""
