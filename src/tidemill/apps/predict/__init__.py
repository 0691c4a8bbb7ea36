"""`tidemill predict`: files of new rows labeled with a model.

prediction  predict_files: rows read, predicted and written chunk by chunk
input_rows  files and folders of new rows, with the checks that ingest makes
writers     the answer as it comes, whole or not at all
"""
