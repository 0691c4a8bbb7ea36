"""Generated labels: votes of models, descriptions of classes and language models, each checked on gold of dev.

What a person writes stands in ``label/conditions/generated``: a labeling function of kind ``zero_shot``, ``model`` or ``prompt``.
Here its votes are made, for all rows of a problem at once.

rows           Rows: what generators may read of a problem
thresholds     from which probability on a generator votes for a class, chosen on gold that was held out
zero_shot      descriptions of classes against rows, by the embeddings of a backbone
entailment     the same by a model of natural language inference
few_gold       models trained on few gold rows, out of fold, or on rows of which the label model is sure
learners       what a model learns with, by name
image_network  a small convolutional network on thumbnails
text_network   small networks on words: convolutions, or one below an LSTM
gan            a semi-supervised GAN, on thumbnails or on features
prompt/        language models behind an endpoint
storage        where generators are kept, which servers they may ask, and what that may cost
fitted         a generator as it is kept between runs
gold_check     whether a generator's votes are right more often than chance, and no copies
label_gain     what a generator's votes do to labels of gold rows
run            generate: the votes of all generators of a problem
"""
