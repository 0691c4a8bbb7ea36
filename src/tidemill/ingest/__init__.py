"""From incoming files to append-only raw batches: gold kept apart, splits fixed, near-duplicates dropped.

batch            one batch of rows and its gold, from one source
source           which file or folder a batch is read from, and its rows
values           what counts as missing, as text and as a class
row_errors       rows that cannot be read: refused, or set aside
images           whether image files can be read
mail             readable text of e-mail messages
near_duplicates  near-duplicate texts, by MinHash
demo             the packaged data sets as incoming files
settings         settings of `conf/ingest/`
"""
