"""A network written in other forms."""
