"""Label models: one file each, named as in the registry.

base             the contract that every label model keeps
priors           beliefs about classes and functions, as pseudo-counts
registry         the models by their names
majority         share of votes
weighted         votes weighted by agreement with the majority
one_coin         one accuracy per function, by EM
triplets         one accuracy per function, in closed form
dawid_skene      a confusion matrix per function, abstains included
dawid_skene_votes  a confusion matrix per function of its votes, abstains left out
crowd            Dawid-Skene for many people who may each name every class
pairs            precision of each kind of vote from counts of pairs
generative       Dawid-Skene started from pairs, tested against them
smoothed         majority vote smoothed by the class balance
neighbours       votes of a row and of those nearest to it
joint            a classifier on features and the meaning of votes, each from the other
auto             the model that the evidence is for
model_selection  evidence without gold: left-out functions, resampling
multilabel       labels that do not exclude one another, a binary model each

A new model is a subclass of ``BaseLabelModel`` in a file of its name, listed in ``registry``, with its settings in ``conf/denoise/``.
"""

# Every model is imported, and so known by its name, before any of them restores another from JSON.
from tidemill.denoise.models.registry import MODELS, create, from_dict

__all__ = ["MODELS", "create", "from_dict"]
