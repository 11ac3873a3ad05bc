"""The state of an estate: events merged, names brought together, claims reconciled."""
