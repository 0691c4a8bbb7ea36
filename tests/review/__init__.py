"""Tests of the statistics of reviews."""
