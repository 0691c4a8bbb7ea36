"""Applications: what commands and stages do with a project. They meet in ``models`` and ``reports`` alone.

models/      a trained model found, loaded, run by an engine, fine-tuned, exported
predict/     `tidemill predict`: files of new rows labeled
serve/       `tidemill serve`: requests over HTTP answered
workbench/   `tidemill lf`: labeling functions looked at while they are written
studio/      `tidemill studio`: labeling functions written and tried in a browser
search/      `tidemill search` and its stage: better settings of embed and train
studies/     `tidemill learning-curves`, `tidemill label-errors`: learning curves, suspect labels
gold/        `tidemill gold`: labels by people, added, listed, withdrawn and asked for
review/      `tidemill review`: rows checked by people, how far they are trusted, and what their answers prove of labels
lineage/     `tidemill lineage`, `tidemill diff`: what a version or a row is made of
reports/     `tidemill report`: reports/index.html and the summary of a run
onboarding/  `tidemill init`, `upgrade` and `new`: a project made and moved on, a problem made from data
evaluation_data the rows and predictions that the evaluate stage compares
"""
