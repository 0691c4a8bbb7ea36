"""What candidates of a relation say together: facts with probabilities that agree with each other.

settings     settings of ``conf/facts/``
rules        rules of YAML: ``located(x, y), located(y, z)`` implies ``located(x, z)``
grouping     candidates of one fact brought together
calibration  weights of the noisy-or, fitted to gold
graph        facts and the constraints between them as clauses
elimination  exact probabilities of a component
sampling     Gibbs sampling of what is too large for that
inference    probabilities of all facts, component by component
publishing   facts that are published: likely, and breaking no constraint
report       precision at thresholds, calibration, and which functions caused errors
plots        the picture of it
run          the stage
"""
