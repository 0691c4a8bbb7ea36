"""Which code each stage runs, and its fingerprint: what ``code.yaml`` holds and DVC compares.

module_syntax       a module's top-level statements: normalised digest, names defined and names used
reach               the statements that a script reaches through its imports
stage_fingerprints  the fingerprint of every stage; code.yaml written, read and compared
"""
