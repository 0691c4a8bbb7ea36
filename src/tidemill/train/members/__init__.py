"""rows and probabilistic labels -> classical models on the same labels: one file per model, `registry` names them."""
