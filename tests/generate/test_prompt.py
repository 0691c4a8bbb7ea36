"""Language models on loopback: what is asked, how often, and what becomes of each kind of answer."""

from __future__ import annotations

import dataclasses
import itertools
import json
import subprocess
import sys
import textwrap
import time

import numpy as np
import polars as pl
import pytest

from tests.generate.factories import CLASSES, function, rows_of, storage
from tests.generate.language_model import by_words, completion, language_model
from tidemill.contracts import ABSTAIN, ConfigError, RunError
from tidemill.generate.prompt.answers import Answer, parsed, probabilities_of
from tidemill.generate.prompt.budget import Purse
from tidemill.generate.prompt.journal import open_journal, read_answers
from tidemill.generate.prompt.messages import columns_of, filled
from tidemill.generate.run import generate
from tidemill.label.settings import EndpointSettings

pytestmark = pytest.mark.usefixtures("no_pauses")
TRUTH = np.random.default_rng(1).integers(0, 2, 60)
KIND = {"kind": "prompt", "endpoint": "local", "model": "small", "template": "{row_id}: {text} ({classes})"}


def ask(folder, server, *, rows=None, name="llm", purse=None, endpoint=None, **fields):
    allowed = {"local": EndpointSettings(url=server.url, **(endpoint or {}))}
    more = {"endpoints": allowed} | ({} if purse is None else {"purse": purse})
    kept = storage(folder, **more)
    return generate([function(name, **KIND, **fields)], rows_of(TRUTH, gold=5) if rows is None else rows, kept)


def test_a_row_is_asked_once_ever_and_another_machine_asks_nobody(tmp_path):
    with language_model() as server:
        first = ask(tmp_path, server)
        assert (first.votes[:, 0] == TRUTH).all()
        assert len(server.bodies) == 60
        again = ask(tmp_path, server)
        (tmp_path / "state").rename(tmp_path / "lost")  # a fresh clone has what DVC tracks alone
        elsewhere = ask(tmp_path, server)
        assert len(server.bodies) == 60
    assert (first.votes == again.votes).all()
    assert (first.votes == elsewhere.votes).all()
    assert first.report == elsewhere.report


def test_a_new_batch_asks_for_its_rows_alone(tmp_path):
    more = np.append(TRUTH, [1, 0, 1])
    with language_model() as server:
        ask(tmp_path, server)
        ask(tmp_path, server, rows=rows_of(more, gold=5))
        assert len(server.bodies) == 63
        assert max(server.texts.values()) == 1


@pytest.mark.parametrize("change", [{"model": "large"}, {"template": "{row_id}, {text}"}, {"temperature": 0.5}])
def test_another_model_prompt_or_parameter_is_another_question(tmp_path, change):
    with language_model() as server:
        ask(tmp_path, server)
        allowed = {"local": EndpointSettings(url=server.url)}
        generate([function("llm", **{**KIND, **change})], rows_of(TRUTH, gold=5), storage(tmp_path, endpoints=allowed))
        assert len(server.bodies) == 120


def test_other_classes_are_another_question_though_the_prompt_does_not_name_them(tmp_path):
    """A server with structured output answers with one of the classes, whatever the prompt says."""
    rows, silent = rows_of(TRUTH, gold=0), {**KIND, "template": "{row_id}: {text}", "system": "Label this."}
    renamed = dataclasses.replace(rows, problem=rows.problem.model_copy(update={"classes": ("ham", "junk")}))
    with language_model() as server:
        kept = storage(tmp_path, endpoints={"local": EndpointSettings(url=server.url)})
        for some in (rows, renamed):
            generate([function("llm", **silent)], some, kept)
        assert len(server.bodies) == 120


def test_nothing_is_sent_to_an_endpoint_that_the_config_does_not_name(tmp_path):
    with language_model() as server:
        allowed = {"locale": EndpointSettings(url=server.url)}
        with pytest.raises(ConfigError, match="allows no endpoint 'local'; did you mean locale"):
            generate([function("llm", **KIND)], rows_of(TRUTH, gold=5), storage(tmp_path, endpoints=allowed))
        assert server.bodies == []


def test_the_key_comes_from_the_environment_and_stands_nowhere_else(tmp_path, monkeypatch, capfd, caplog):
    caplog.set_level(0)
    with language_model() as server:
        monkeypatch.delenv("MY_KEY", raising=False)
        with pytest.raises(ConfigError, match="set its key in the environment variable MY_KEY"):
            ask(tmp_path, server, endpoint={"key_from": "MY_KEY"})
        monkeypatch.setenv("MY_KEY", "quite-secret")
        server.answer = lambda _: (401, {}, {"error": "bad key quite-secret"})
        with pytest.raises(RunError) as refused:
            ask(tmp_path, server, endpoint={"key_from": "MY_KEY"})
        assert "set the key in the environment variable MY_KEY" in str(refused.value)
        server.answer = by_words
        ask(tmp_path, server, endpoint={"key_from": "MY_KEY"})
        assert server.headers[-1]["Authorization"] == "Bearer quite-secret"
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 3
    assert not [path for path in files if b"quite-secret" in path.read_bytes()]
    assert "quite-secret" not in str(refused.value) + caplog.text + "".join(capfd.readouterr())


def test_masked_columns_are_never_sent(tmp_path):
    with language_model() as server:
        ask(tmp_path, server, endpoint={"masked": ["row_id"]})
        assert all(text.startswith("[masked]: ") for text in server.texts)
        ask(tmp_path, server, endpoint={"masked": ["row_id"]}, examples=2)  # of rows that are shown as little
        shown = [item["content"] for body in server.bodies for item in body["messages"] if item["role"] == "user"]
        assert len(shown) > 2 * len(server.bodies)
        assert all(text.startswith("[masked]: ") for text in shown)


def test_what_is_no_class_is_quarantined_and_asked_no_second_time(tmp_path):
    with language_model(lambda _: (200, {}, completion("It is spam, or perhaps ham."))) as server:
        made = ask(tmp_path, server)
        again = ask(tmp_path, server)
        assert len(server.bodies) == 60
    assert (made.votes == ABSTAIN).all()
    assert made.notes[0] == "llm: 60 answers are no class and were quarantined"
    assert again.report.voters[0].spending is not None
    assert again.report.voters[0].spending.quarantined == 60


@pytest.mark.parametrize("body", [b"<html>", {"error": "x"}, {"choices": []}, {"choices": [{"message": {}}]}, [1]])
def test_a_response_that_is_not_the_protocols_is_no_answer(tmp_path, body):
    with language_model(lambda _: (200, {}, body)) as server, pytest.raises(RunError, match="does not answer"):
        ask(tmp_path, server)
    assert read_answers([tmp_path / "state" / "answers.jsonl"]) == {}


def test_a_server_without_structured_output_is_asked_without(tmp_path):
    def plain(body):
        return (400, {}, {"error": "unknown field response_format"}) if "response_format" in body else by_words(body)

    with language_model(plain) as server:
        made = ask(tmp_path, server)
        assert len(server.bodies) <= 64  # each of four at once found it out
    assert (made.votes[:, 0] == TRUTH).all()


def test_a_server_that_limits_rates_is_asked_again_when_it_says(tmp_path, no_pauses):
    refused = set()

    def busy(body):  # a row once: by turns, a row would be refused for good where others come between
        text = json.dumps(body["messages"])
        if text in refused or len(text) % 3:
            return by_words(body)
        refused.add(text)
        return 429, {"Retry-After": "7"}, {}

    with language_model(busy) as server:
        made = ask(tmp_path, server)
    assert (made.votes[:, 0] == TRUTH).all()
    assert refused
    assert set(no_pauses) == {7.0}


def test_failures_are_tried_again_with_longer_pauses_and_then_left_for_the_next_run(tmp_path, no_pauses):
    def broken(body):
        return (503, {}, {}) if body["messages"][-1]["content"].startswith("r7:") else by_words(body)

    with language_model(broken) as server:
        made = ask(tmp_path, server, endpoint={"retries": 3, "requests_at_once": 1})
        assert server.texts.most_common(1)[0][1] == 4
        assert made.notes == [
            "llm: the server did not answer about 1 row (503 Service Unavailable); the next run asks them again"
        ]
        assert no_pauses == sorted(no_pauses)
        assert len(no_pauses) == 3
        server.answer = by_words
        assert (ask(tmp_path, server).votes[:, 0] == TRUTH).all()
        assert len(server.bodies) == 59 + 4 + 1


def test_a_refusal_stops_at_once_and_keeps_what_was_answered(tmp_path):
    turns = itertools.count()

    def closing(body):
        return by_words(body) if next(turns) < 20 else (403, {}, {})

    with language_model(closing) as server:
        with pytest.raises(RunError, match="the server refuses"):
            ask(tmp_path, server)
        assert len(server.bodies) <= 24
        server.answer = by_words
        ask(tmp_path, server)
        answered = len(server.bodies)
    assert answered <= 20 + 4 + 40


@pytest.mark.slow
def test_a_slow_server_is_waited_for_as_long_as_the_endpoint_says(tmp_path):
    with language_model() as server:
        server.delay = 0.4
        with pytest.raises(RunError, match="does not answer"):
            ask(tmp_path, server, endpoint={"timeout_seconds": 0.05, "retries": 1})


def test_no_more_requests_are_under_way_than_allowed(tmp_path):
    with language_model() as server:
        server.delay = 0.01
        ask(tmp_path, server, endpoint={"requests_at_once": 3})
        assert 1 < server.most_at_once <= 3


def test_turns_are_as_far_apart_as_the_rate_says(tmp_path, no_pauses):
    with language_model() as server:
        ask(tmp_path, server, endpoint={"requests_per_minute": 6, "requests_at_once": 1})
    assert len(no_pauses) == 59
    assert no_pauses[-1] == pytest.approx(59 * 10, abs=20)  # nobody waits here, so turns pile up


PRICES = {"prompt_price": 1000.0, "completion_price": 2000.0}
"""A row's 100 and 10 tokens cost .1 + .02."""


def test_a_functions_budget_stops_hard_and_the_next_run_does_not_start_anew(tmp_path):
    with language_model() as server:
        made = ask(tmp_path, server, endpoint={**PRICES, "requests_at_once": 1}, budget=3.0)
        spending = made.report.voters[0].spending
        assert spending is not None
        assert spending.money is not None
        assert 2.0 < spending.money <= 3.0
        assert spending.money == pytest.approx(0.12 * spending.answers)
        assert spending.unanswered == 60 - spending.answers
        assert made.notes[0].startswith("llm: the budget is spent, and ")
        asked = len(server.bodies)
        ask(tmp_path, server, endpoint=PRICES, budget=3.0)
        assert len(server.bodies) == asked


def test_the_budget_of_a_run_holds_for_all_functions_together(tmp_path):
    with language_model() as server:
        purse = Purse(3.0)
        allowed = {"local": EndpointSettings(url=server.url, **PRICES)}
        kept = storage(tmp_path, endpoints=allowed, purse=purse)
        two = [function("a", **KIND), function("b", **{**KIND, "model": "large"})]
        made = generate(two, rows_of(TRUTH, gold=5), kept)
        spent = sum(voter.spending.money or 0 for voter in made.report.voters if voter.spending)
    assert spent == pytest.approx(purse.spent)
    assert spent <= 3.0


def test_prompts_of_one_model_at_one_endpoint_are_a_group(tmp_path):
    with language_model() as server:
        kept = storage(tmp_path, endpoints={"local": EndpointSettings(url=server.url)})
        more = {"again": {"template": "{text}?"}, "other": {"model": "large"}}
        asked = [function("first", **KIND), *(function(name, **{**KIND, **fields}) for name, fields in more.items())]
        report = generate(asked, rows_of(TRUTH, gold=0), kept).report
    assert report.groups() == [["first", "again"]]


def test_uncertain_rows_alone_are_asked_and_as_many_as_wanted(tmp_path):
    votes = np.stack([np.where(np.arange(60) < 40, TRUTH, ABSTAIN), np.where(np.arange(60) < 5, 1 - TRUTH, ABSTAIN)], 1)
    with language_model() as server:
        made = ask(tmp_path, server, rows=rows_of(TRUTH, gold=5, votes=votes), sample="uncertain")
        voted = np.flatnonzero(made.votes[:, 0] != ABSTAIN)
        assert voted.tolist() == [*range(5), *range(40, 60)]
        few = function("llm", **KIND, sample="uncertain", rows=7)
        kept = storage(tmp_path, endpoints={"local": EndpointSettings(url=server.url)})
        generate([few], rows_of(TRUTH, gold=5, votes=votes), kept)
        assert len(server.bodies) == 25  # of these seven all were answered before


def test_examples_are_shown_and_their_rows_get_no_vote_and_new_gold_changes_no_example(tmp_path):
    with language_model() as server:
        made = ask(tmp_path, server, examples=2)
        assert len(server.bodies) == 56
        shown = server.bodies[0]["messages"]
        assert [item["content"] for item in shown if item["role"] == "assistant"] == ["ham", "spam", "ham", "spam"]
        assert (made.votes[:, 0] == ABSTAIN).sum() == 4
        ask(tmp_path, server, rows=rows_of(TRUTH, gold=9), examples=2)
        assert len(server.bodies) == 56


def test_several_samples_are_probabilities(tmp_path):
    def torn(body):
        wanted = by_words(body)[2]["choices"][0]["message"]["content"]
        return 200, {}, completion(wanted, wanted, wanted, '{"label": "ham"}', "what?")

    with language_model(torn) as server:
        made = ask(tmp_path, server, samples=5, temperature=1.0, at_least=0.9, precision=0.99)
        assert server.bodies[0]["n"] == 5
    said = made.votes[:, 0]
    assert set(said[TRUTH == 1].tolist()) == {ABSTAIN}  # .75, and ten gold rows choose no threshold
    assert set(said[TRUTH == 0].tolist()) == {0}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("spam", 1),
        ('"Ham"', 0),
        ("**spam**", 1),
        ('{"label": "ham"}', 0),
        ('{"label": 1}', -2),
        ('{"label": "ham"', -2),
        ("[]", -2),
        ("ABSTAIN", -1),
        ("", -2),
        ("spam ham", -2),
        ("not spam", -2),
    ],
)
def test_answers_are_read_strictly(text, expected):
    assert parsed(text, CLASSES) == expected


def test_log_probabilities_of_first_tokens_are_probabilities():
    """.6 of spam, .2 of ham, .1 of an abstain; "s" begins one name, "x" none."""
    top = {" sp": np.log(0.5), "s": np.log(0.1), "Ham": np.log(0.2), "ab": np.log(0.1), "x": np.log(0.1)}
    answer = Answer(key="k", row_id="r", texts=("spam",), tops=(top,), prompt_tokens=1, completion_tokens=1)
    assert probabilities_of(answer, CLASSES) == pytest.approx([0.25, 0.75])


def test_a_template_names_columns_alone():
    assert columns_of("{a} {{b}} {classes}") == ["a"]
    for wrong in ("{a.b}", "{a!r}", "{a:>9}", "{a", "{}"):
        with pytest.raises(ConfigError, match="for a brace"):
            columns_of(wrong)
    with pytest.raises(ConfigError, match="there is no column 'txt'; did you mean text"):
        filled("{txt}", {"text": "x"}, CLASSES, ())


def test_images_are_not_written_into_a_prompt(tmp_path):
    rows = rows_of(TRUTH, gold=5)
    table = rows.read(np.arange(60)).with_columns(text=pl.lit(b"png"))
    object.__setattr__(rows, "read", lambda where: table[where])
    with language_model() as server:
        with pytest.raises(ConfigError, match="column 'text' holds images"):
            ask(tmp_path, server, rows=rows)
        assert server.bodies == []


def test_a_torn_line_is_passed_over_and_the_next_one_is_whole(tmp_path):
    answers = [Answer(key=str(n), row_id="r", texts=("ham",), prompt_tokens=1, completion_tokens=1) for n in range(3)]
    file = tmp_path / "answers.jsonl"
    with open_journal(file) as journal:
        journal.append(answers[0])
        journal.append(answers[1])
    file.write_bytes(file.read_bytes()[:-9])
    assert set(read_answers([file])) == {"0"}
    with open_journal(file) as journal:
        journal.append(answers[2])
    assert set(read_answers([file])) == {"0", "2"}


KILLED = """
import sys
from pathlib import Path
import numpy as np
from tests.generate.factories import function, rows_of, storage
from tests.generate.test_prompt import KIND, TRUTH
from tidemill.generate.run import generate
from tidemill.label.settings import EndpointSettings

allowed = {"local": EndpointSettings(url=sys.argv[2], requests_at_once=2)}
generate([function("llm", **KIND)], rows_of(TRUTH, gold=5), storage(Path(sys.argv[1]), endpoints=allowed))
"""


@pytest.mark.slow
def test_a_run_that_is_killed_asks_only_what_was_under_way_again(tmp_path, root):
    journal = tmp_path / "state" / "answers.jsonl"
    with language_model() as server:
        server.delay = 0.03
        command = [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path), server.url]
        with subprocess.Popen(command, cwd=root) as process:
            while not journal.exists() or journal.read_bytes().count(b"\n") < 20:
                assert process.poll() is None
                time.sleep(0.01)
            process.kill()
        answered = {answer.row_id for answer in read_answers([journal]).values()}
        server.delay = 0.0
        assert (ask(tmp_path, server).votes[:, 0] == TRUTH).all()
        twice = {text.split(":")[0] for text, count in server.texts.items() if count > 1}
    assert 20 <= len(answered) < 60
    assert not twice & answered
    assert len(twice) <= 2
