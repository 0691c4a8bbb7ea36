"""Servers and settings that are not what one expects: nothing crashes a run, costs more than it may, or passes unsaid."""

from __future__ import annotations

import math
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from pydantic import ValidationError

from tests.generate.factories import CLASSES, function, rows_of, storage
from tests.generate.language_model import by_words, completion, language_model
from tests.generate.test_prompt import KIND, PRICES, TRUTH, ask
from tidemill.contracts import ABSTAIN, ConfigError, RunError
from tidemill.generate.prompt.answers import Answer, answer_from, parsed, probabilities_of
from tidemill.generate.prompt.budget import Purse
from tidemill.generate.prompt.journal import read_answers
from tidemill.generate.run import generate
from tidemill.label.settings import EndpointSettings

pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.mark.parametrize(
    "text",
    [
        "{" + '"a":{' * 100_000,
        '{"label": ' + "9" * 5000 + "}",
        '{"label": "ham", "label": "spam"}',
        '{"label": "spam", "why": "a prize"}',
        '```json\n{"label": "spam"}\n```',
        "{}",
        "sp\0am",
        "spam" * 1000,
    ],
)
def test_what_names_no_class_or_two_is_no_class(text):
    assert parsed(text, CLASSES) == -2


@pytest.mark.parametrize(
    ("text", "classes", "expected"),
    [
        ("spam", ("Spam", "spam"), 1),
        ("SPAM", ("Spam", "spam"), -2),
        ("*", ("a", "*"), 1),
        ("", ("a", "*"), -2),
        ("cafe\u0301", ("th\u00e9", "caf\u00e9"), 1),
        ("STRASSE", ("stra\u00dfe", "weg"), 0),
        ("{x}", ("{x}", "y"), 0),
    ],
)
def test_classes_of_any_name_are_told_apart(text, classes, expected):
    assert parsed(text, classes) == expected


def said(text="spam", **more):
    return {"choices": [{"message": {"content": text}, **more.pop("choice", {})}], **more}


@pytest.mark.parametrize(
    "usage",
    [
        None,
        [1],
        {"prompt_tokens": None},
        {"prompt_tokens": -9},
        {"prompt_tokens": math.inf},
        {"prompt_tokens": math.nan},
    ],
)
def test_an_answer_whose_tokens_are_not_counted_counts_as_estimated(usage):
    answer = answer_from(said(usage=usage), "k", "r", 7)
    assert answer is not None
    assert (answer.prompt_tokens, answer.completion_tokens) == (7, 2)


@pytest.mark.parametrize("log", [1e5, math.nan, "x", None])
def test_log_probabilities_that_are_none_are_left_out(log):
    content = [{"top_logprobs": [{"token": "spam", "logprob": log}]}]
    answer = answer_from(said(choice={"logprobs": {"content": content}}), "k", "r", 7)
    assert answer is not None
    assert answer.tops == ()


def test_a_token_that_begins_two_names_is_evidence_for_neither():
    """Most of it is of "ham" or "hamster"; what begins one name alone is a hundredth."""
    tops = ({"ham": math.log(0.9), "ab": math.log(0.01)},)
    answer = Answer(key="k", row_id="r", texts=("hamster",), tops=tops, prompt_tokens=1, completion_tokens=1)
    assert probabilities_of(answer, ("ham", "hamster")) == pytest.approx([0, 1])


def test_what_no_file_can_hold_and_what_is_endless_is_kept_as_far_as_need_be(tmp_path):
    with language_model(lambda _: (200, {}, completion("\ud800" + "x" * 100_000))) as server:
        made = ask(tmp_path, server)
    assert made.notes == ["llm: 60 answers are no class and were quarantined"]
    assert (tmp_path / "generated" / "answers.jsonl").stat().st_size < 60 * 3000


def test_a_response_without_end_is_waited_for_no_longer_than_another(tmp_path):
    """A byte now and then keeps a connection alive for ever."""
    stop = threading.Event()

    class Dripping(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            while not stop.wait(0.02):
                try:
                    self.wfile.write(b" ")
                except OSError:
                    return

        def log_message(self, *_: object) -> None:
            """Nothing is logged."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Dripping)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        with language_model() as server:
            server.url = f"http://127.0.0.1:{http.server_port}/v1"
            with pytest.raises(RunError, match=r"nothing within 0\.1 seconds; raise timeout_seconds"):
                ask(tmp_path, server, endpoint={"timeout_seconds": 0.1, "retries": 0})
    finally:
        stop.set()
        http.shutdown()
        http.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ((429, {"Retry-After": "nan"}, {}), "429 Too Many Requests; lower requests_per_minute"),
        ((200, {}, b'{"a":' * 100_000), "not those of OpenAI's protocol; check url"),
        ((400, {}, {"error": "unknown field seed"}), "400 Bad Request; check the function's model"),
        ((529, {}, {}), "529; lower requests_per_minute"),
    ],
)
def test_a_server_that_answers_nothing_is_named_with_what_it_says_and_a_remedy(tmp_path, reply, why):
    with language_model(lambda _: reply) as server, pytest.raises(RunError, match=f"does not answer: .*{why}"):
        ask(tmp_path, server, endpoint={"retries": 1})
    assert len(server.bodies) <= 4 * 4


def test_a_row_that_the_server_refuses_does_not_stop_the_others(tmp_path):
    """One that is too long for the model, or that a filter holds back."""

    def filtering(body):
        return (400, {}, {"error": "too long"}) if body["messages"][-1]["content"].startswith("r7:") else by_words(body)

    with language_model(filtering) as server:
        made = ask(tmp_path, server)
        assert len(server.bodies) == 60  # and is sent once
    assert made.notes == ["llm: the server did not answer about 1 row (400 Bad Request); the next run asks them again"]
    assert (made.votes[:, 0] != ABSTAIN).sum() == 59


def test_a_server_that_goes_away_is_not_waited_for_on_every_row(tmp_path):
    def going(body):
        return by_words(body) if len(server.bodies) <= 10 else (503, {}, {})

    with language_model(going) as server:
        with pytest.raises(RunError, match=r"does not answer any more \(10 answers are kept"):
            ask(tmp_path, server, endpoint={"retries": 0, "requests_at_once": 1})
        assert len(server.bodies) == 10 + 20
    assert len(read_answers([tmp_path / "state" / "answers.jsonl"])) == 10


def test_tries_that_may_have_been_billed_count(tmp_path):
    """A gateway that gives up does not tell the model: the row may cost although nobody sees its answer."""
    purse = Purse(3.0)
    with language_model(lambda _: (504, {}, {})) as server, pytest.raises(RunError, match="no other try; raise it"):
        ask(tmp_path, server, endpoint={**PRICES, "retries": 50, "requests_at_once": 1}, purse=purse)
    assert 2 < purse.spent <= 3.0
    assert purse.held == pytest.approx(0)
    assert len(server.bodies) < 50


def test_a_budget_is_refused_where_no_price_is_known(tmp_path):
    with language_model() as server:
        with pytest.raises(ConfigError, match="budget cannot stop it, for endpoint local has no prices"):
            ask(tmp_path, server, budget=1.0)
        with pytest.raises(ConfigError, match=r"label\.run_budget cannot stop it"):
            ask(tmp_path, server, endpoint={"prompt_price": 1.0}, purse=Purse(1.0))
        assert server.bodies == []
        free = {"prompt_price": 0.0, "completion_price": 0.0}
        assert (ask(tmp_path, server, endpoint=free, budget=1.0).votes[:, 0] == TRUTH).all()


def test_a_template_without_a_column_is_refused(tmp_path):
    asked = function("llm", **{**KIND, "template": "Is it {classes}?"})
    with language_model() as server:
        kept = storage(tmp_path, endpoints={"local": EndpointSettings(url=server.url)})
        with pytest.raises(ConfigError, match="template names no column"):
            generate([asked], rows_of(TRUTH, gold=5), kept)
        assert server.bodies == []


@pytest.mark.parametrize(
    ("asked", "note"),
    [({"samples": 5, "temperature": 1.0}, "fewer than 5 samples"), ({"logprobs": True}, "no log probabilities")],
)
def test_evidence_that_a_server_does_not_give_is_said(tmp_path, asked, note):
    with language_model(lambda body: by_words({**body, "n": 1})) as server:
        made = ask(tmp_path, server, **asked)
    assert note in made.notes[0]
    assert made.notes[0].startswith("llm: 60 of 60 answers")


@pytest.mark.parametrize("key", ["caf\u00e9-secret", "abc\ndef-secret"])
def test_a_key_that_no_header_holds_is_refused_and_not_shown(tmp_path, monkeypatch, key):
    monkeypatch.setenv("MY_KEY", key)
    with (
        language_model() as server,
        pytest.raises(ConfigError, match="MY_KEY holds characters that no key has") as refused,
    ):
        ask(tmp_path, server, endpoint={"key_from": "MY_KEY"})
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://[bad",
        "http://127.0.0.1:99999/v1",
        "http:///v1",
        "https://me:key@host/v1",
        "https://host/v1?key=x",
        "ftp://host",
    ],
)
def test_an_address_that_is_none_or_holds_a_key_is_refused(url):
    with pytest.raises(ValidationError):
        EndpointSettings(url=url)


def test_a_class_named_as_an_abstain_is_refused(tmp_path):
    rows = rows_of(np.array([0, 1] * 4), gold=0)
    object.__setattr__(rows, "problem", rows.problem.model_copy(update={"classes": ("ham", "Abstain")}))
    with language_model() as server, pytest.raises(ConfigError, match="a class is named 'abstain'"):
        ask(tmp_path, server, rows=rows)
