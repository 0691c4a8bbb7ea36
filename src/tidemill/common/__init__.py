"""What every package may use and no package owns.

arrays             votes, features and probabilities in the forms that people have them in
calibration_error  expected calibration error of the likeliest class, and its bins
class_names        names of classes: as the user gives them, and as files spell them
files              atomic_write: a file is whole or absent
edited_yaml        a user's YAML file changed in one place
merge_marks        left_by_merge: a file in which a merge has left both sides
locks              locked: one process at a time
machine            cores: how many processor cores this process may use
spelling           closest, did_you_mean: which valid name a wrong one was meant to be
failures           how a program ends on an error: one line, or a traceback with --debug
extras             the command that installs a library which is missing
lazy               load_export: names that a package loads on first use
nested             nested mappings: dotted keys, and changes laid over what is there
plot_texts         plain_texts: texts in plots are no formulas
python_syntax      Python source parsed by one thread at a time
progress           progress bars on a terminal, lines in a log
estimators         Estimator: scikit-learn's conventions without scikit-learn
frames             DataFrames of pandas and Polars
statistics         Wilson's interval of a proportion
torch_threads      the number of torch's threads while a block runs
torchvision        makes ``import torchvision`` work beside a CPU build of torch
"""
