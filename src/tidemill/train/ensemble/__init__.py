"""Classical models alongside the head, used where they win on gold, and labels of people and functions mixed.

choose_ensemble   fit_ensemble: fitted out of fold, compared, kept or not
paired_bootstrap  models compared on held-out rows, with intervals
gold_mix          gold alone, weak labels alone or both, by gold held out
plot              the report as a picture
"""
