"""Data sets that come in blocks: where they are read from, what a first pass learns of them, and windows of rows."""
