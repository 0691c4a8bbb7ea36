"""Occasional studies of a problem's labels.

study            Study: the rows that studies read
learning_curves  `tidemill learning-curves`: what more labels would bring
label_errors     `tidemill label-errors`: labels that models of other rows contradict
"""
