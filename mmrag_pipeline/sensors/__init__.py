"""Sensors: pure decisions under thin Dagster functions."""
