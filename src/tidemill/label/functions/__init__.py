"""Labeling functions: written in Python or YAML, loaded, fingerprinted.

labeling_function     @labeling_function, @batch_labeling_function, @preprocessor
row                   Row: what a function sees of a row
declared              functions of a YAML file; declare, keyword_functions
yaml_lines            YAML files with the line of every part
json_schema           JSON Schema of a YAML file, for editors
class_constants       constants that are named as a class and are the number of another
outside_values        time, chance and variables of the environment that a file takes from outside of rows
undecorated           functions that look like labeling functions and have no decorator
loading               load_functions: a folder of Python and YAML files
slicing               @slicing_function: rows by which evaluate cuts scores
function_fingerprint  a hash of all that a function's votes depend on
"""
