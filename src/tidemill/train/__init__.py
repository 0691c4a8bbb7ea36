"""From probabilistic labels to the end model.

run          train: the stage
settings     settings of `conf/train/`
scale        how features are scaled
row_weights  which rows are trained on, and how much each counts
head/        a small network on the features of a frozen backbone
classical/   classical models on the same rows and labels
end_model/   the model that is saved: a head or an ensemble around it, cards, outliers, ONNX
recipes/     recipes against label noise, and which one to take
ensemble/    classical models alongside the head, where they win on gold
finetune/    backbones that are fine-tuned
search/      better settings within a budget of time
deadline     work that ends when its time is over
"""
