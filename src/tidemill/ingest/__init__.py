"""From incoming files to append-only raw batches: gold kept apart, splits fixed, near-duplicates dropped."""
