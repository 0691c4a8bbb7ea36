"""The head: a small network on the features of a frozen backbone.

head               Head: predicts with NumPy alone, saved as safetensors and JSON
fit                fit_head: trained by Lightning on soft targets
lightning          the Lightning module and its callbacks; imported only while training
loss               losses against probabilities
augment            mixup and noise on features
feature_selection  the dimensions that separate the classes, by analysis of variance
"""
