"""Tests of assets, checks and the job, over worlds in memory."""
