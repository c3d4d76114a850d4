"""Everything together: a bucket that changes, the real daemon, and what may die in between."""
