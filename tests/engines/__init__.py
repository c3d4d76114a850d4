"""Tests of the models behind the ports."""
