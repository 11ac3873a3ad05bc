"""The explorer: pages and a canvas over the front door of `lineage`."""
