"""`tidemill new`: a problem of one's own from a file or a folder.

scaffold        configuration, first batch and manifest of the new problem
starters        labeling functions to start from
"""
