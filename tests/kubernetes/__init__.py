"""Tests of what runs in a cluster, against a stand-in for its API on loopback."""
