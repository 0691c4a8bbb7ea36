"""Language models as labeling functions: a row is asked once per prompt, model and parameters, ever.

messages  a prompt filled with a row, classes and examples; the key that its answers are kept by
answers   what an answer means: a class, an abstain, or nothing that is a class
journal   answers that arrived, appended one line at a time
client    one request to a server in OpenAI's protocol: limits, retries, refusals
budget    what requests may cost, held before each of them
ask       asks the rows that have no answer yet
voter     from answers to probabilities, and what was spent
"""
