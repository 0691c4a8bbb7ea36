"""A project on disk: its settings, its files and the tables in them. It knows no run, no model and no command.

config       load, parse: typed settings of a problem and a stage from params.yaml
compose      conf/ composed into params.yaml by Hydra; overrides; what preflight checks
stage_code/  the code that each stage runs; its fingerprints in code.yaml
project      Project: one project on disk, passed to what works on it
defaults     the settings that come with Tidemill, listed
renamed_settings settings that had another name before 0.2.0
layout          Paths of one problem; the main checkout of a worktree
stage_arguments what DVC starts a stage with
tables        tables read and written by their contract; JSON; names of batches
flow_settings conf/flows.yaml: how long a question is open, and who is notified of what
label_batches batches as the label stage reads them; where votes and statistics of images are kept
contents      texts or images of all rows, and gold to learn from
gold_history  answers of people that came after their rows' batches: who labeled what, and when
gold_tables   labels of batches and answers of the history made into dev/ and gold/
gold_from_arrivals  labels in an arriving file for rows of earlier batches
applied_functions which functions cast the votes that a table holds
keep_overrides  settings of a command line written into conf/problem/
changed_sources files that have changed since they arrived
gold          rows with gold, and what only evaluate may know of them
applied_functions fingerprints of the functions that cast the votes of a table
generated_votes votes of models, descriptions and language models, made from a problem's tables
row_names     rows as people name them: by row_id, key or file
expectations  a contract checked by Great Expectations, and its Data Docs
packages      pinned packages of demo data and weights, fetched and unpacked
unfinished_problems problems whose making was killed, and their removal
arrivals      new incoming files entered into the manifest
refused_sources sources that were refused on this machine, and what they were judged by
batches       batches of the manifest made into tables
made_tables   tables that a command has made in the checkout, which make way for those of a run
"""
