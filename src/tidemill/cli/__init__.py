"""The command line `tidemill`: one file a command, `tidemill lf` in `lf/`.

main     the commands in the order of the help, and how a command that fails ends
grammar  what every command has: help with examples, suggestions for misspelled words, new names of renamed ones
options  arguments and options that several commands have
project  the project that a command works in, and its problems
output   answers as lines or as JSON

A command's docstring is its help; what an argument means stands in its annotation. What does the work is imported when
the command runs, so that `tidemill --help` imports no numpy. Exit codes: 0 done, 1 the error that was named, 2 a word of
the command line that is not understood, 130 interrupted.
"""
