"""Rows of a relation problem: pairs of mentions in a sentence of a document.

settings     settings of ``ingest.candidates``
sentences    documents cut into sentences
mentions     a mention, and where mentions come from: names, patterns, columns, taggers
names        any number of names looked for in a text
taggers      models by name that tag mentions and parse
pairs        pairs of mentions, and what stands before, between and after them
dependencies paths between mentions through a parsed sentence
expand       a table of documents becomes a table of candidates
"""
