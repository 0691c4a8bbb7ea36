"""The users' packages: labeling functions of each problem, nothing else."""
