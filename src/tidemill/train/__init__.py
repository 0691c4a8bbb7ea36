"""features and probabilistic labels -> the end model: transfer learning on a frozen backbone."""
