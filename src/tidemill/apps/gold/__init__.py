"""Labels by people that come after their rows: added, listed, withdrawn, and rows picked that are worth labeling.

rows          the rows of a problem with the label that counts, and how files name them
add           answers of a file
other_labels  columns of a file that hold classes as well as the one that is read
other_texts   texts of a file that are those of other rows than it names
overview      how many labels there are, and the history of a row
withdraw      answers that shall not count any more
sample        rows that are worth labeling
sample_file   a sample as a file, not written over what somebody has typed
harm_sample   rows whose labels decide whether a drift is harm
"""
