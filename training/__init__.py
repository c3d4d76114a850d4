"""Trains the small image-text model that the package ships, from permissively licensed drawings."""
