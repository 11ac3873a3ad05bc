"""Measurements: each module measures one thing and prints a table. Nothing here is a test."""
