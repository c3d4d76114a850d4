"""Models: one file per backend, each behind its card, loaded when first used."""
