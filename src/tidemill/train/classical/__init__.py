"""Classical models on the same rows and probabilistic labels as the head: one file per model.

registry      names of the models, and which can read what the rows are
base          Member, ModelInputs; saved as safetensors and JSON
linear        logistic regression on features
ngrams        logistic regression on TF-IDF of n-grams
naive_bayes   multinomial naive Bayes on n-grams of words
xgboost       gradient-boosted trees on features
lstm          a bidirectional LSTM on words, predicting with NumPy
lstm_network  its network, trained by Lightning
logistic      multinomial logistic regression on soft targets
vocabulary    n-grams and their counts, TF-IDF
"""
