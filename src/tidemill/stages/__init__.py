"""One thin script per stage: read, one call, write. These are what ``dvc.yaml`` runs."""
