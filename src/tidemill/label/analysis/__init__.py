"""What votes are like: Snorkel's analysis table, conflicts, disagreements, the quality suite, candidates.

summary        lf_summary: coverage, overlaps, conflicts and accuracy of every function
lf_analysis    LFAnalysis: the same of votes in hand, method by method as in Snorkel
counts         count_votes: the counts it is made of, which add up over batches
disagreements  votes that a label contradicts; the plurality; what changed between two versions
quality        the table and the contract of the quality suite
alike          functions that vote alike on every row
constant       functions that vote on no row, or the same on all
label_columns  functions that vote what a column of labels beside the rows says
split_dependence functions whose votes depend on the split, which their row does not show
cost         milliseconds per thousand rows of every function
suggestions  candidates for new labeling functions
"""
