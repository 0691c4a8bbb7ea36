"""a new batch and the champion's reference -> what moved, whether it harms, and what to do."""
