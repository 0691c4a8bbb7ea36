"""Scores of predictions next to baselines, and the verdict on the candidate."""
