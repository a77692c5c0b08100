"""Work to outcomes, in this process or in others."""
