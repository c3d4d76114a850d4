"""How well labelled queries find what they should."""
