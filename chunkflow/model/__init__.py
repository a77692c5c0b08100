"""The values that layers exchange: immutable, cheap to create and to send."""
