"""Features of raw rows from a frozen backbone, computed once per row and backbone.

embedder                 texts or images to features, and the table of features with its record of the backbone
backbone                 what every backbone does
text, image              the two kinds of backbone, and how rows become their inputs
token_pooling            one vector of the tokens' states: their mean, the first, or at marked names
trainable_backbone       a backbone whose weights training may change
weights, hub             where weights are found, and how they are downloaded
efficientnet_lite_names  weights of EfficientNet-Lite under timm's names
fold_batch_norm          batch normalisation folded into convolutions
onnx_export              a backbone as an ONNX graph
domain_gap               how far rows are from what the backbone was trained on
settings                 settings of `conf/embed/`
"""
