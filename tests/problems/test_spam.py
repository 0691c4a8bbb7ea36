"""The labeling functions of the spam problem, on messages made up here and on the development split."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from tidemill.contracts import Problem
from tidemill.label.analysis.summary import conflicts, lf_summary
from tidemill.label.engine.apply import apply
from tidemill.label.functions.loading import load_functions

CLASSES = ("ham", "spam")
COLUMNS = {"row_id": pl.String, "text": pl.String, "subject": pl.String, "channel": pl.String} | {
    "lists": pl.Boolean,
    "html": pl.Boolean,
    "links": pl.Int64,
}
MESSAGES = [
    ("sms", "WINNER! You have won a £900 prize. Call 09061701461 to claim. Cost 150p/min", False, False, 0, "spam"),
    ("sms", "Txt DATE to 87121 to meet sexy singles in your area, 25p a msg, stop to end", False, False, 0, "spam"),
    ("sms", "Hey, are you home yet? I'll be late, sorry", False, False, 0, "ham"),
    ("sms", "ok lor, see u at lunch", False, False, 0, "ham"),
    ("email", "LOWEST MORTGAGE RATES!!!\nRefinance now, bad credit approved. Click here\nTo be removed click below",
     False, True, 3, "spam"),
    ("email", ("Urgent assistance\nDear Sir, I am the son of the late minister of Nigeria. The sum of 15 million dollars "
     "needs a foreign account. Strictly confidential."), False, False, 0, "spam"),
    ("email", ("Re: [ILUG] kernel panic\nOn Monday Ann wrote:\n> my patch breaks ssh\n> and cron\nI think it's the rpm, "
     "though it seems odd, btw"), True, False, 1, "ham"),
    ("email", "Tech Headlines July 3, 2002\nIn this issue: CNET on chips.", False, True, 60, "ham"),
]  # fmt: skip


@pytest.fixture(scope="module")
def functions(root):
    return load_functions(root / "src/problems/spam", classes=CLASSES)


@pytest.fixture(scope="module")
def made_up():
    rows = [
        (str(i), text, text.split("\n")[0] if channel == "email" else None, channel, lists, html, links)
        for i, (channel, text, lists, html, links, _) in enumerate(MESSAGES)
    ]
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def majority(votes):
    """(rows, functions) → 1 spam, 0 ham, .5 a tie or silence."""
    spam, ham = (votes == 1).sum(axis=1), (votes == 0).sum(axis=1)
    return np.where(spam > ham, 1.0, np.where(ham > spam, 0.0, 0.5))


def test_there_are_functions_in_yaml_and_in_python_for_both_classes_and_channels(functions, made_up):
    assert len(functions) >= 10
    assert {Path(function.where.split(":")[0]).suffix for function in functions} == {".py", ".yaml"}
    votes = apply(made_up, functions, n_classes=2)
    for channel in ("sms", "email"):
        assert set(np.unique(votes[made_up["channel"].to_numpy() == channel])) == {-1, 0, 1}


def test_messages_made_up_for_the_purpose_are_told_apart(functions, made_up):
    expected = [CLASSES.index(message[-1]) for message in MESSAGES]
    assert majority(apply(made_up, functions, n_classes=2)).tolist() == expected


def test_no_function_asks_for_more_than_a_reader_sees(functions, made_up):
    """The rows have neither gold nor group; a function that asked for one would be named by an error."""
    assert not {"gold", "group", "label", "key", "split", "batch"} & set(made_up.columns)
    apply(made_up, functions, n_classes=2)


@pytest.fixture(scope="module")
def dev(packages, tmp_path_factory):
    """Rows of the development split with gold and group, as ingest makes them of the packaged data."""
    from tidemill.ingest.batch import build_batch, empty_seen
    from tidemill.ingest.demo import convert
    from tidemill.ingest.settings import IngestSettings
    from tidemill.ingest.source import Source

    section = yaml.safe_load(
        (Path(__file__).parents[2] / "src/tidemill/conf/ingest/table.yaml").read_text(encoding="utf-8")
    )
    meta = {"subject": "string", "channel": "string", "lists": "bool", "html": "bool", "links": "int"}
    section |= {"incoming": "in", "text": "text", "gold": "label", "meta": meta, "slices": ["group"]}
    settings = IngestSettings.model_validate(section | {"near_duplicates": "keep"})
    problem = Problem(name="spam", modality="text", classes=CLASSES)
    tables = []
    for path in convert("spam", packages, tmp_path_factory.mktemp("incoming")):
        batch = build_batch(path.stem, Source(str(path)), problem, settings, before=empty_seen(settings))
        tables.append(batch.raw.join(batch.dev, on="row_id").join(batch.slices, on="row_id"))
    return pl.concat(tables).unique("row_id", maintain_order=True)


@pytest.mark.slow
def test_on_the_development_split_the_functions_reach_what_was_aimed_at(functions, dev):
    votes = apply(dev.select(list(COLUMNS)), functions, n_classes=2)
    gold, guess = dev["gold"].to_numpy(), majority(votes)
    covered = (votes != -1).any(axis=1)
    for channel, aim in (("sms", 0.93), ("email", 0.90)):
        here = dev["channel"].to_numpy() == channel
        assert covered[here].mean() >= 0.8
        recalls = [np.abs(1 - k - guess[here & covered & (gold == k)]).mean() for k in (0, 1)]
        assert np.mean(recalls) >= aim
    newsletters = dev["group"].to_numpy() == "hard-ham"
    assert guess[newsletters & covered].mean() < 0.5


@pytest.mark.slow
def test_every_function_votes_and_is_better_than_chance_on_the_development_split(functions, dev):
    votes = apply(dev.select(list(COLUMNS)), functions, n_classes=2)
    table = lf_summary(votes, [function.name for function in functions], n_classes=2, gold=dev["gold"].to_numpy())
    assert table["Coverage"].min() > 0
    assert table["Emp. Acc."].min() > 0.8
    assert conflicts(votes, n_classes=2).mean() < 0.1
