"""What every package may use and no package owns.

files           atomic_write: a file is whole or absent
locks           locked: one process at a time
machine         cores: how many processor cores this process may use
spelling        closest, did_you_mean: which valid name a wrong one was meant to be
failures        how a program ends on an error: one line, or a traceback where it is asked for
extras          the command that installs a library which is missing
progress        progress bars on a terminal, lines in a log
statistics      Wilson's interval of a proportion
torchvision     makes ``import torchvision`` work beside a CPU build of torch
"""
