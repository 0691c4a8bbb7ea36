"""Occasional studies of a problem's labels, and of the drift monitor.

study            Study: the rows that studies read
learning_curves  `tidemill learning-curves`: what more labels would bring
driftbench/      `tidemill driftbench`: false alarms and delays of the drift monitor
label_errors     `tidemill label-errors`: labels that models of other rows contradict
"""
