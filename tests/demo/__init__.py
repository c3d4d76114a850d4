"""The demo corpus and its generator."""
