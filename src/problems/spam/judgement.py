"""What takes more than a list of words."""

import re

import polars as pl

from tidemill.label import ABSTAIN, Row, batch_labeling_function, labeling_function, preprocessor

HAM, SPAM = 0, 1

WORD = re.compile(r"[a-z']+")
HEDGES = frozenset(
    [
        "i've",
        "i'd",
        "i'm",
        "guess",
        "wonder",
        "seems",
        "seem",
        "btw",
        "imho",
        "afaik",
        "iirc",
        "anyway",
        "pretty",
        "perhaps",
        "actually",
        "probably",
        "maybe",
        "though",
        "cheers",
        "isn't",
        "didn't",
        "doesn't",
        "don't",
        "wasn't",
        "wouldn't",
        "couldn't",
    ]
)
YOU = frozenset(["you", "your", "yours", "our", "us"])
MONEY = re.compile(r"[$£€]\s?\d|\d\s?(?:%|percent|dollars|million)")


@preprocessor(memoize=True)
def counted(row: Row) -> Row:
    """Count the hedges, the share of words that address the reader, and the sums of money."""
    text = row.text.lower()
    words = WORD.findall(text)
    row.hedges = len(HEDGES.intersection(words))
    row.you = sum(word in YOU for word in words) / max(len(words), 1)
    row.money = len(MONEY.findall(text))
    return row


@labeling_function(pre=[counted])
def mail_argues(row: Row) -> int:
    """People hedge and disagree; sellers do not."""
    return HAM if row.channel == "email" and row.hedges >= 3 and row.you < 0.04 else ABSTAIN


@labeling_function(pre=[counted])
def mail_you_and_money(row: Row) -> int:
    """Vote for a seller: the talk is of you, and of sums."""
    return SPAM if row.channel == "email" and row.you > 0.035 and row.money >= 2 and row.links < 20 else ABSTAIN


@labeling_function()
def mail_other_alphabet(row: Row) -> int:
    """Vote against other scripts and broken bytes: these mailboxes are read by people who write English."""
    if row.channel != "email" or row.text.isascii():
        return ABSTAIN
    foreign = sum(letter > "\u017f" for letter in row.text)
    return SPAM if foreign > 0.12 * len(row.text) else ABSTAIN


@batch_labeling_function()
def sms_first_person(_: pl.DataFrame) -> pl.Expr:
    """I, me and my without a number to call: somebody tells of himself."""
    text = pl.col("text")
    personal = text.str.contains(r"(?i)\b(?:i|i'm|im|i'll|ill|i've|me|my|we|he|she|they)\b")
    business = text.str.contains(r"\d{4}|£|(?i:www|\bfree\b|\btxt\b)")
    return pl.when((pl.col("channel") == "sms") & personal & ~business).then(HAM).otherwise(ABSTAIN)
