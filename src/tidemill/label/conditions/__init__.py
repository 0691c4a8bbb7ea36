"""What declared labeling functions ask of a row: plain data, each compiled to one Polars expression.

base              Condition, Limits; patterns of words
words             keywords, regex
lookaround        patterns with look-around, with a time limit
text              fuzzy, lexicon, language
values            threshold, length, member, flag, date
knowledge         a pair in a table of facts: distant supervision
external          scores of another model, answers of annotators
labeled_examples  prototype, neighbours: labeled examples near the row
generated         zero_shot, model, prompt: votes that ``tidemill.generate`` makes
registry          all, any, not, cases, and every kind by its name
files             files that conditions read
vote_names        names of votes: a class, or ``not <class>``
match_span        the piece of a text that makes a condition fire
near_misses       weaker forms of a condition

A new kind is a subclass of ``Condition`` in the file of its topic, listed in ``registry`` twice: in ``AnyCondition`` and in ``KINDS``.
"""
