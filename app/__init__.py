"""The explorer: pages in the browser, over the front door of `lineage` alone."""
