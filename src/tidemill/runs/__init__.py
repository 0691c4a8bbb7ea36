"""How a pipeline runs, is versioned and is published: git, DVC, the registry, processes, Prefect.

git               git as a process
checkout          what a run needs of a checkout and its repository
worktree          Workspace: a git worktree of its own for each run, with the shared DVC cache
subprocesses      a command that dies with its parent
plan              the stages of a problem in order, and which have something to do
run_progress      how far the stages of a run are, for whoever looks
in_place          stages run in the user's checkout, committed or not
saved_settings    settings of a command line kept in the project by a commit
outdated          which stages will run again, and why
dvc_cache         which objects results need, and whether they are whole
checked_out       outputs of a checkout against its dvc.lock
dvc_config        where DVC's cache and remote are, in worktrees too
repair_dvc_files  DVC's own files put right after a kill
tags              all tags of a repository, damaged ones too
model_registry    versions of a problem's model and its champion, from git tags in GTO's format
tags_being_set    tags that a command is about to set, told apart from deleted ones
champion_pin      the champion's version and since when rows are of the kind that it was promoted for
promotion_record  who promoted a version, when and why
pending           a candidate that waits for a person's decision
promotion         what a person decides about a candidate
rollback          an older version made the champion again
model_files       the model files of a version
retrain_history   what was trained of which batches and when, from the commits of dvc.lock
undo_arrival      `tidemill arrive --undo`: a batch taken back that nothing has learned from
publish           objects pushed, a commit, and one transaction that moves the branch and sets the tags
local_addresses   where Prefect and the reports are served
prefect_variables environment variables that Prefect does not take, told before it is imported
prefect_server    the server, deployments and worker of `tidemill ui`
temporary_server  a server for one command, which ends with it
temporary_api     the program of that server
flow_records      which process a flow run belongs to, so that runs of killed processes are marked as crashed
doctor            `tidemill doctor`
"""
