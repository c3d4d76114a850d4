"""Stations: each turns upstream tables and settings into one table, and nothing else."""
