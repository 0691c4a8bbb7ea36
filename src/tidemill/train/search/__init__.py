"""A search for better settings of embed and train, within a budget of time.

trials              run_trials: Optuna's trials, scored on held-out folds
holdout_comparison  the best trials on rows that the search has not been scored on
space               settings as Optuna's distributions, and back
study_store         the study on disk, whole after a kill
architecture        a starting point for the shape of the network
settings            settings of `conf/search/`
"""
