"""Questions about an estate: pure functions from values to frozen answers."""
