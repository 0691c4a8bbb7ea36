"""Driftbench: false alarms and delays of the sequential drift monitor, on streams drawn from the packaged problems.

population  rows of a packaged problem, with its first champion's predictions
streams     one stream, from a reference of its own to its first alarm
cells       kinds of streams: without a change, with rows of an unseen source, with a function that decays
harm_cells  batches in which a drift is harm or not, judged without labels and with those asked for
harm_targets which targets of these are missed
corrupted   rows with typing errors or blur
weak_text   docstrings of installed libraries, weakly embedded
rivals      tests of each batch that other tools run, tuned to the same false alarms
rival_targets whether the stream is as soon as the best of them
year        a simulated year with a season, broken days and shifts, in which a trigger decides when a model is retrained
year_triggers the monitor, that of version 0.1.0, and Evidently's defaults as such triggers
year_targets years of each, and whether the monitor retrains needlessly less often
evidently_drift Evidently in an environment of its own
evidently_worker what runs there
run         all cells, the cost of a check, and the targets that are missed
"""
