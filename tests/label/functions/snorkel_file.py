"""Labeling functions as written for Snorkel (in the manner of its spam tutorial); only the import is changed."""

import re

from tidemill.label import LabelingFunction, labeling_function, preprocessor

ABSTAIN = -1
HAM = 0
SPAM = 1


@labeling_function()
def check_out(x):
    return SPAM if "check out" in x.text.lower() else ABSTAIN


@labeling_function()
def regex_check_out(x):
    return SPAM if re.search(r"check.*out", x.text, flags=re.IGNORECASE) else ABSTAIN


@preprocessor(memoize=True)
def count_words(x):
    x.n_words = len(x.text.split())
    return x


@labeling_function(name="short_comment", pre=[count_words])
def is_short(x):
    return HAM if x.n_words < 5 else ABSTAIN


@labeling_function(resources={"friends": ["katy", "shakira"]})
def names_artist(x, friends):
    return HAM if any(name in x.text.lower() for name in friends) else ABSTAIN


def keyword_lookup(x, keywords, label):
    if any(word in x.text.lower() for word in keywords):
        return label
    return ABSTAIN


def make_keyword_lf(keywords, label=SPAM):
    return LabelingFunction(
        name=f"keyword_{keywords[0]}",
        f=keyword_lookup,
        resources={"keywords": keywords, "label": label},
    )


keyword_subscribe = make_keyword_lf(keywords=["subscribe"])
keyword_link = make_keyword_lf(keywords=["http"])
lfs = [check_out, regex_check_out, is_short, names_artist, keyword_subscribe, keyword_link]
