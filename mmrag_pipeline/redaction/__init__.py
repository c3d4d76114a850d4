"""Personal data in texts: where it stands, and the texts without it."""
