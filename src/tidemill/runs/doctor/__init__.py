"""`tidemill doctor`: what is damaged or left over in a project, and what of it can be repaired.

examine        all checks, and the repairs that lose nothing
lost_tags      tags of the registry that were deleted or torn, restored from git's objects
lost_gold      labels by people that commits have and the gold history has no more
misnamed_refs  files that git passes over for their names
torn_branches  branches whose file is torn, restored from their logs
stale_locks    lock files of git that no command holds
cached_results objects of DVC's cache that are damaged or gone
leftovers      worktrees and servers of runs that were killed
"""
