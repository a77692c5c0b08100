"""Key to bytes, in tiers."""
