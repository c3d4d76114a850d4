"""Bytes to pages and pixels, in processes of their own."""
