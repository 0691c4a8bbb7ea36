"""From incoming files to append-only raw batches: gold kept apart, splits fixed, repeated rows reported.

batch            one batch of rows and its gold, from one source
source           which file or folder a batch is read from, and its rows
text_files       files of plain text, a document each, as one table
values           what counts as missing, as text and as a class
doubtful_texts   notes on a column of texts that is hardly one
row_errors       rows that cannot be read: refused, or set aside
image_metadata   files, EXIF and a table beside images, as columns
images           whether image files can be read
mail             readable text of e-mail messages
image_paths      images that a table names, below one folder
inline_images    images in the cells of a table, in base64
fetched_images   images that a table names by URLs, fetched on request
repeats          equal contents and near-duplicates: kept, grouped or dropped
labels_of_known_rows  labels of a file for rows that an earlier batch has
metadata_like_gold  columns of metadata that tell the label of every labeled row
row_ids          ids of rows
near_duplicates  near-duplicate texts, by MinHash
demo             the packaged data sets as incoming files
settings         settings of `conf/ingest/`
"""
