"""The values that flow between the floors: immutable, cheap to make and to send."""
