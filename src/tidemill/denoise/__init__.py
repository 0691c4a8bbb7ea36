"""From votes to a probability per class: label models, and how one is chosen without ground truth.

models/          label models, a file each, named as in the registry
statistics/      what label models count, estimate and fit
report/          what is said of fitted labels: in words, on a card, in plots, against gold
readers          files of votes, features and gold
run              denoise: the stage
command          `tidemill denoise`: labels without a project
settings         settings of `conf/denoise/`

::

    from tidemill.denoise.models import create

    labels = create("auto", 2, seed=20).fit(last_month).predict_proba(today)
"""
