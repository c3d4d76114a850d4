"""Tests of the stations and of the laws they keep together."""
