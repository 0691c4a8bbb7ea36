"""Scores: numbers of a row that are watched, a file for each family.

base         Score, its columns, the registry
neighbours   distance to the nearest rows of the reference
directions   principal directions of the features, and what they leave
predictions  the champion's confidence and classes
label_model  the label model's posterior, and the champion's disagreement with it
functions    which functions vote, the rarest one, and which are contradicted
metadata     metadata columns of the source
quality      missing values, length of the content
strata       strata that are new

A score is registered by being written: a subclass of ``Score`` with a ``name`` and a ``weight``, in a file that is imported
here (the fingerprint of the monitor's code follows imports), is watched from then on.
"""

from tidemill.monitor.sequential.scores import (
    directions,
    functions,
    label_model,
    metadata,
    neighbours,
    predictions,
    quality,
    strata,
)
from tidemill.monitor.sequential.scores.base import SCORES, Column, Score

__all__ = [
    "SCORES",
    "Column",
    "Score",
    "directions",
    "functions",
    "label_model",
    "metadata",
    "neighbours",
    "predictions",
    "quality",
    "strata",
]
