"""Measures, labelled queries and the report."""
