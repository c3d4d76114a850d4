"""Procedural drawings of documents, screens and charts with their captions."""
