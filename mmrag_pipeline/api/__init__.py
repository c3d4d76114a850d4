"""The index from Python: search it, and look at hits in a notebook."""
