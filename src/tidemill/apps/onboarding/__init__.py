"""`tidemill init`, `tidemill upgrade`, `tidemill new`: projects made and upgraded, problems made from a user's data.

init_project       a folder made a project: files, git, DVC, first commit
project_template   the files of a project as this version writes them
lock_file          tidemill.lock: which version generated what
upgrade            what is generated moved to the installed version, what the user changed kept
three_way          what becomes of each generated file
stages_to_rerun    which stages an upgrade makes run again, and why
class_labels       what a column of labels holds, and which classes those are
metadata_kinds     kinds of the columns that labeling functions may ask
problem_files      files that make a problem known, put back where making it fails
new_relation       a relation problem, from documents and known facts
new_problem        configuration, first batch and manifest of the new problem
added_class        a class that a problem gets later
starter_functions  labeling functions to start from
prototype_functions  the same by features, where pixels say nothing
"""
