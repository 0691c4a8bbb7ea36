"""Classical models alongside the head, used where they win on gold.

choose_ensemble   fit_ensemble: fitted out of fold, compared, kept or not
paired_bootstrap  models compared on held-out rows, with intervals
plot              the report as a picture
"""
