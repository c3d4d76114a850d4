"""Fakes that ship with the package: small worlds in memory, for tests and trials."""
