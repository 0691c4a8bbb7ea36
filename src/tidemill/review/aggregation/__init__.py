"""One label a row of what several people answer; one algorithm, one file.

majority      shares of the answers, each counted alike or by trust
mace          people who answer or guess (MACE)
glad          people's skill and rows' difficulty (GLAD)
label_models  Dawid and Skene's model of a crowd, and of a crowd and labeling functions together
"""
