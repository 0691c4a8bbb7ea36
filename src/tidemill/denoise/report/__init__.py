"""Reports of fitted labels.

summary          a report in a few sentences
card             the label card
plots            accuracies, agreement, posteriors, calibration
explain          functions, their dependences, and why a row got its label
gold_report      labels against gold
identifiability  what votes do not determine
label_value      value of the functions, in hand labels
"""
