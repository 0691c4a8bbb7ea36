"""What label models count, estimate and fit.

votes                  votes checked, one-hot, summed; shares of votes
distinct_rows          distinct rows with weights
sufficient_statistics  the same, as batches and functions arrive
row_order              orders of rows by content
gold_scores            gold as evidence, and scores against it
pair_counts            counts of pairs of votes
pair_fit               precisions and class balance that explain them
dependence             functions that repeat one another
balance                class balance, and rows without votes
default_class          the class of rows without votes where a class has no functions
label_calibration      temperature and biases from gold
logistic_regression    a linear classifier on soft labels
"""
