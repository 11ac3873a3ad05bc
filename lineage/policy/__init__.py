"""Rules over changes and paths: a file a rule."""
