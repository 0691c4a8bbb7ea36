"""predictions and gold -> scores beside yardsticks, and the verdict on the candidate."""
