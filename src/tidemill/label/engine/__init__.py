"""How votes are cast: here or in worker processes, batch by batch, and kept.

apply            apply: labeling functions on rows, in this process
apply_loaded     apply_loaded: loaded functions on a table, those in Python in their workers
vote_reuse       Engine: batches of rows, and only votes that were not cast before
determinism      rows on which functions of a table vote again, a few at a time
load             open_functions: declared functions here, Python ones in workers
row_applier      Python functions of a row, block by block
slices           apply_slices: slicing functions in a worker
unread_values    values that declared functions could not read
vectorised       declared functions in as few passes as they can share
keyword_matcher  all keyword lists of a column in one pass over its bytes
lookups          functions that look rows up, by id or by heart
opened_files     files that are opened while functions vote
vote_cache       votes that were cast before, on disk
worker_pool      worker processes that hold Python functions
process          one worker process: started, asked, watched, ended
worker_start     entry point of a worker process
worker           what a worker process runs
sandbox          what a worker is confined to; functions that leak memory
landlock         the kernel refuses files
seccomp          the kernel refuses system calls
readable         which files a worker may read
family           the processes that a worker has started: found, measured, ended
protocol         frames that parent and worker exchange
failures         failures of functions: stop at the first, or quarantine them
"""
