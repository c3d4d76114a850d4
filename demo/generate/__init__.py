"""The generator of the demo corpus: content in TOML, one drawing module per family."""
