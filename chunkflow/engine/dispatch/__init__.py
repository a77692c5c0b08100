"""From a run to its workers and back: what each is given, and what it answers for."""
