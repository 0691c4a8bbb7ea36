"""Sequential drift detection: one false-alarm guarantee for a whole stream of batches.

stream        start, advance: the fold over batches
report        what is promised, and what was found, for drift.json
cause         why a stream alarms: functions, groups, rows
groups        metadata values, strata and clusters that are more frequent
watch         what is fixed when a stream begins: scores, cells, strata, shares of the level
state         what batches make of it, as arrays and as bytes
scores/       numbers of a row that are watched, a file for each family
batch         rows as they arrive
view          what several scores need of the same rows
label_tables  the label model behind scores of votes
cells         cells that values fall into
p_values      online conformal p-values
bets          bets against uniform p-values
evidence      mixture over when the change came
"""
