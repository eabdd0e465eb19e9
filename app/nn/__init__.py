"""Readable torch modules that the labs share."""
