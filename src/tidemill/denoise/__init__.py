"""votes -> probability per class: label models, and how one is chosen without ground truth."""
