"""The users' rooms: labeling functions of each problem, nothing else."""
