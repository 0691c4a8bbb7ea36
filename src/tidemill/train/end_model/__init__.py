"""The end model: a head alone or an ensemble around it, its cards and what goes with it.

model              EndModel: predicts, is saved and loaded
stacking           blend and stack: one prediction from several models'
outliers           rows that are none of the above
card               the model card and the label card
training_warnings  warnings about the labels that it was trained on
reference          the monitor's sample of rows
onnx_graph         the model as an ONNX graph
onnx_ensemble      an ensemble's nodes in that graph
"""
