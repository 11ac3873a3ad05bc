"""The pages, a file each. Each has a ``show`` that draws it."""
