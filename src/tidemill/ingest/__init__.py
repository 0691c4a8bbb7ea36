"""Incoming files → append-only raw batches, with gold kept apart, splits fixed and near-duplicates gone."""
