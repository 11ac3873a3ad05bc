"""The vocabulary: values that every other room speaks in. No behaviour beyond their own laws."""
