"""Recipes against label noise: how labels and weights become what a model is trained on.

recipe         TrainingSet; fit_head_by_recipe: one recipe
choose_recipe  fit_chosen_recipe: the recipe that the evidence supports
cotraining     fit_end_model: views of a row, co-trained
cut_statistic  rows whose neighbours share their label
"""
