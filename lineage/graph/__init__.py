"""Columns as integers, edges as arrays: reach, paths and names over one buffer.

Nothing here opens a file: `build` returns bytes, `Index` reads any buffer, and `lineage.stores`
maps one from disk.
"""
