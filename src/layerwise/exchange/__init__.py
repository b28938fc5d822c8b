"""Models for other places and from them, and model files of all kinds."""
