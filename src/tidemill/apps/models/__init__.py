"""A problem's models: found, loaded, run, fine-tuned and exported.

model               find_model: a version of a model with its backbone, ready to predict
champion_reference  find_champion: the model in production and its reference, for monitor and evaluate
watched_stream      the batches since a promotion as one stream, folded, cached and reported
harm_since_change   harm over the stream: what it is judged by, read, and what follows for each batch
batch_findings      what was found of each batch by itself, kept between runs
accepted_drift      `tidemill accept-drift`: a harmless drift starts a new reference
feature_functions   functions that read the same features as the champion: agreement with them tells little
registry_table      `tidemill models`: versions, scores, who promoted them, and what waits for a decision
clean_process       whether the candidate loads in a process of its own and answers as the train stage did
answer_rows         that process: rows in, probabilities out
engines             torch or ONNX Runtime for the backbone; graphs kept in .tidemill/onnx/
onnx_backbone       a frozen backbone run by ONNX Runtime
finetune            a backbone trained in modes partial, full and scratch, and its features
export              `tidemill export`: ONNX graphs, card and tokenizer in a folder
export_check        rows that go with an export, and their probabilities
standalone_predict  predict.py of an export: predictions without Tidemill
int8_graph          an exported text model with 8-bit weights, and what that costs
"""
