"""Typed models of every JSON file that Tidemill writes: what a report holds, in which format, and what to do if it is broken.

Reports are written and read through their model alone: a wrong value is found where it is made, a damaged or foreign
file where it is read. ``docs/reports.md`` is written from these models.

base           what all models share: reading, writing, formats, errors
documentation  docs/reports.md, written from the models
evaluate       metrics.json, verdict.json, curves.json
monitor        drift.json
driftbench     driftbench.json
simulation     simulation-<problem>.json
project        batches.json, champion.json, preflight.json, results of suites
promotion      a candidate about which a person is asked
ingest         ingest.json
embed          domain.json
facts          facts.json of relation problems
search         search.json
generate       generated.json
denoise        denoise.json, functions.json, label_model.json
train          train/ensemble.json
model          config.json and ensemble.json of a model's folder
lineage        answers of `tidemill lineage` and `tidemill diff`, `--json`
review         audit_plan.json, certificate.json, answers of `tidemill review --json`
workbench      answers of `tidemill lf --json`
run_progress   how far the stages of a run are
studio         answers of the studio to its pages
"""
