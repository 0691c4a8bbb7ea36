"""From candidates to facts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from tests.facts.factories import settings
from tidemill.contracts import ConfigError, check, not_class
from tidemill.facts.calibration import LEAST, NoisyOr, fit_noisy_or
from tidemill.facts.graph import HARD, Clause, Graph, build_graph
from tidemill.facts.grouping import evidence_table, group, held_out
from tidemill.facts.publishing import broken, published_facts
from tidemill.facts.report import calibration_error, function_errors, precision_at
from tidemill.facts.run import FACTS, make_facts

CLASSES = ("unrelated", "located", "capital")


def candidates(*rows: tuple[Any, ...]) -> pl.DataFrame:
    """Of (subject, object, p of located, p of capital, gold, split)."""
    names = ("subject", "object", "p_located", "p_capital", "gold", "split")
    table = pl.DataFrame(rows, schema=names, orient="row")
    number = pl.int_range(pl.len()).cast(pl.String)
    return table.with_columns(
        (1 - pl.col("p_located") - pl.col("p_capital")).alias("p_unrelated"),
        ("r" + number).alias("row_id"),
        ("d" + number).alias("document"),
        ("sentence " + number).alias("sentence"),
    )


def test_candidates_of_a_fact_are_brought_together_the_likeliest_first():
    rows = candidates(
        ("Rome", "Italy", 0.6, 0.3, 1, "train"),
        ("Rome", "Italy", 0.9, 0.0, -1, "test"),
        ("Oslo", "Italy", 0.1, 0.0, 0, "test"),
    )
    facts = group(evidence_table(rows, CLASSES, ()))
    assert facts.select("subject", "relation", "truth").rows() == [
        ("Oslo", "capital", False),
        ("Oslo", "located", False),
        ("Rome", "capital", False),
        ("Rome", "located", True),
    ]
    rome = facts.row(3, named=True)
    assert rome["rows"] == ["r1", "r0"]
    assert (rome["strongest"], rome["others"]) == (pytest.approx(-np.log(0.1)), pytest.approx(-np.log(0.4)))
    assert held_out(facts, "test").tolist() == [True, True, False, False]


def test_a_symmetric_relation_has_one_fact_for_both_directions():
    rows = candidates(("b", "a", 0.6, 0.0, -1, "train"), ("a", "b", 0.7, 0.0, -1, "train"))
    facts = group(evidence_table(rows, CLASSES, ("located",)))
    assert facts.select("subject", "object", "relation").rows() == [
        ("a", "b", "capital"),
        ("a", "b", "located"),
        ("b", "a", "capital"),
    ]
    assert facts["truth"].to_list() == [None] * 3


def test_noisy_or_is_one_minus_the_product_and_further_sentences_count_by_their_weight():
    """Of .5 and .5 the noisy-or is .75; of a single candidate it is what the candidate has."""
    half = np.array([-np.log(0.5)])
    both = NoisyOr(further=1.0).log_odds(half, half)
    assert 1 / (1 + np.exp(-both)) == pytest.approx(0.75)
    for further in (0.0, 1.0):
        assert NoisyOr(further=further).log_odds(half, half * 0)[0] == pytest.approx(0.0, abs=1e-9)


def test_fitted_weights_are_those_that_truth_was_drawn_with():
    rng = np.random.default_rng(0)
    strongest, others = rng.exponential(1, 4000), rng.exponential(1, 4000)
    true = NoisyOr(further=0.3, slope=1.5, offset=-0.5)
    truth = rng.random(4000) < 1 / (1 + np.exp(-true.log_odds(strongest, others)))
    fitted = fit_noisy_or(strongest, others, truth)
    assert fitted.further == pytest.approx(0.3, abs=0.12)
    assert fitted.slope == pytest.approx(1.5, abs=0.15)
    assert fitted.offset == pytest.approx(-0.5, abs=0.25)
    assert fitted.fitted_to == 4000
    few = slice(LEAST - 1)
    assert fit_noisy_or(strongest[few], others[few], truth[few]) == NoisyOr()
    assert fit_noisy_or(strongest, others, truth | True) == NoisyOr()


def test_constraints_become_sets_and_clauses():
    rows = candidates(*((a, b, 0.5, 0.1, -1, "train") for a, b in (("x", "y"), ("y", "z"), ("x", "z"), ("w", "z"))))
    facts = group(evidence_table(rows, CLASSES, ()))
    number = {
        tuple(row[:3]): place for place, row in enumerate(facts.select("subject", "relation", "object").iter_rows())
    }
    transitive = {"if": ["located(x, y)", "located(y, z)"], "then": "located(x, z)"}
    chosen = settings(
        functional=("capital",),
        inverse_functional=("capital",),
        exclusive=(("located", "capital"),),
        rules=(transitive,),
    )
    graph = build_graph(facts, np.zeros(facts.height), chosen)
    body = (number["x", "located", "y"], number["y", "located", "z"])
    assert graph.clauses == [Clause((number["x", "located", "z"],), body, HARD)]
    sets = {frozenset(scope) for scope in graph.at_most_one}
    assert frozenset({number["x", "capital", "y"], number["x", "capital", "z"]}) in sets
    assert frozenset({number["w", "capital", "z"], number["x", "capital", "z"], number["y", "capital", "z"]}) in sets
    assert (
        sum(frozenset({number[a, "located", b], number[a, "capital", b]}) in sets for a, b in ("xy", "yz", "xz", "wz"))
        == 4
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"functional": ("locatd",)}, "facts.functional: there is no relation 'locatd'"),
        ({"rules": ({"if": ["located(x, y)"], "then": "located(x, z)"},)}, "has 'z', which stands in no atom"),
    ],
)
def test_constraints_name_relations_and_variables_that_there_are(changes: dict[str, Any], message: str):
    with pytest.raises(ConfigError, match=message):
        settings(**changes).check_relations(CLASSES[1:])


def test_an_atom_that_is_none_is_refused():
    with pytest.raises(ValidationError, match="'located x y' is no atom"):
        settings(rules=({"if": ["located x y"], "then": "located(x, y)"},))


def test_published_facts_break_no_constraint():
    """Of two where one holds the less likely goes; so does the weakest premise of a rule whose conclusion is unlikely."""
    graph = Graph(np.zeros(5), [Clause((4,), (2, 3), HARD), Clause((4,), (0,), 1.0)], [(0, 1)])
    chances = np.array([0.95, 0.93, 0.99, 0.92, 0.2])
    published = published_facts(graph, chances, 0.9)
    assert published.tolist() == [True, False, True, False, False]
    assert broken(graph, chances >= 0.9) == [(0, 1), (2, 3)]
    assert broken(graph, published) == []
    kept = Graph(np.zeros(3), [Clause((2,), (0, 1), HARD)])
    assert published_facts(kept, np.array([0.9, 0.92, 0.95]), 0.9).tolist() == [True] * 3
    assert published_facts(kept, np.array([0.9, 0.89, 0.2]), 0.9).tolist() == [True, False, False]


def test_precision_and_calibration_are_shares_of_counted_facts():
    chances, truth = np.array([0.95, 0.92, 0.55, 0.1]), np.array([True, False, True, False])
    at = {item.threshold: (item.facts, item.true) for item in precision_at(chances, truth)}
    assert (at[0.5], at[0.9], at[0.95]) == ((3, 2), (2, 1), (1, 1))
    expected = (2 * abs(0.935 - 0.5) + abs(0.55 - 1) + abs(0.1 - 0)) / 4
    assert calibration_error(chances, truth) == pytest.approx(expected)
    assert calibration_error(chances[:0], truth[:0]) is None


def test_functions_are_counted_by_the_wrong_facts_that_they_spoke_for():
    facts = pl.DataFrame(
        {"relation": ["located"] * 3, "truth": [False, True, True], "rows": [["a", "b"], ["c"], ["d"]]},
    )
    votes = pl.DataFrame(
        {
            "row_id": ["a", "b", "c", "d"],
            "batch": ["x"] * 4,
            "split": ["test"] * 4,
            "eager": [1, 1, -1, 1],
            "shy": [-1, -1, not_class(1), -1],
            "other": [-1, 2, 0, 0],
        },
        schema_overrides=dict.fromkeys(("eager", "shy", "other"), pl.Int16),
    )
    found = {
        item.function: (item.false_facts, item.missed_facts, item.votes)
        for item in function_errors(facts, np.array([0.9, 0.2, 0.9]), votes, CLASSES)
    }
    assert found == {"eager": (1, 0, 2), "other": (0, 1, 3), "shy": (0, 1, 1)}


def test_facts_are_a_table_by_its_contract_and_agree_with_each_other():
    rng = np.random.default_rng(1)
    rows = candidates(
        *(
            (f"s{n % 40}", f"o{n % 7}", float(p), 0.0, int(rng.random() < p), ("valid", "test")[n % 2])
            for n, p in enumerate(rng.random(280))
        )
    )
    names = ["row_id", "batch", "split"]
    votes = rows.select(
        "row_id", pl.lit("b").alias("batch"), "split", (pl.col("gold")).cast(pl.Int16).alias("f")
    ).select(*names, "f")
    done = make_facts(rows, votes, CLASSES, settings(functional=("located",), publish=0.6))
    check(done.table, FACTS, where="facts")
    assert done.table["probability"].is_sorted(descending=True)
    assert done.table.filter("published", relation="located").group_by("subject").len()["len"].max() == 1
    assert (done.report.broken, done.report.candidates, done.report.facts) == (0, 280, 560)
    assert done.report.held_out == sum(len(truth) for name, (_, truth) in done.known.items() if "test" in name)


def test_people_are_shown_the_pair_and_its_sentence(tmp_path: Path):
    """A text problem with a column called subject is none of relations."""
    from tidemill.project.contents import shown_contents
    from tidemill.project.layout import Paths

    paths = Paths("located", tmp_path, tmp_path)
    paths.raw.mkdir(parents=True)
    columns = {"row_id": ["r"], "text": ["[place] in <place>"], "subject": ["Rome"]}
    pl.DataFrame(columns).write_parquet(paths.raw / "a.parquet")
    more = {"object": ["Italy"], "sentence": ["Rome in Italy."], "sentence_number": [0]}
    pl.DataFrame(columns | more).write_parquet(paths.raw / "b.parquet")
    assert shown_contents(paths, ["a"], "text")["text"].to_list() == ["[place] in <place>"]
    assert shown_contents(paths, ["b"], "text")["text"].to_list() == ["Rome | Italy: Rome in Italy."]


def test_constraints_on_two_relations_hold_for_each_by_itself():
    rows = candidates(("x", "y", 0.5, 0.1, -1, "train"), ("x", "z", 0.5, 0.1, -1, "train"))
    facts = group(evidence_table(rows, CLASSES, ()))
    relations = facts["relation"].to_list()
    both = ("located", "capital")
    graph = build_graph(facts, np.zeros(4), settings(functional=both, inverse_functional=both))
    assert sorted(tuple(relations[fact] for fact in scope) for scope in graph.at_most_one) == [
        ("capital", "capital"),
        ("located", "located"),
    ]


def test_a_rule_keeps_its_weight_and_a_variable_that_stands_twice_is_one_name():
    rows = candidates(*((a, b, 0.5, 0.1, -1, "train") for a, b in (("x", "x"), ("x", "y"), ("y", "x"))))
    facts = group(evidence_table(rows, CLASSES, ())).filter(relation="located")
    rule = {"if": ["located(a, b)"], "then": "located(a, a)", "weight": 1.5}
    graph = build_graph(facts, np.zeros(3), settings(rules=(rule,)))
    assert graph.clauses == [Clause((0,), (1,), 1.5)]


def test_sentences_and_documents_of_a_fact_are_counted_once():
    rows = candidates(
        ("Rome", "Italy", 0.6, 0.3, -1, "train"),
        ("Rome", "Italy", 0.9, 0.0, -1, "train"),
        ("Rome", "Italy", 0.2, 0.0, -1, "train"),
    ).with_columns(pl.Series("document", ["d", "d", "e"]), pl.Series("sentence", ["one", "two", "one"]))
    fact = group(evidence_table(rows, CLASSES[:2], ())).row(0, named=True)
    assert (fact["documents"], fact["sentences"], len(fact["rows"])) == (2, ["two", "one"], 3)


def drawn(count: int = 600) -> pl.DataFrame:
    """Candidates of train, valid and test in turn; those of valid are half as likely as they say, those of test as likely."""
    rng = np.random.default_rng(2)
    rows = []
    for n, p in enumerate(rng.random(count)):
        split = ("train", "valid", "test")[n % 3]
        rows.append((f"s{n}", f"o{n % 9}", float(p), 0.0, int(rng.random() < p * (0.5 if n % 3 == 1 else 1)), split))
    return candidates(*rows)


def cast(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select("row_id", pl.lit("b").alias("batch"), "split", pl.lit(1, dtype=pl.Int16).alias("f"))


def test_weights_are_fitted_to_valid_and_facts_are_judged_on_test_alone():
    rows = drawn()
    done = make_facts(rows, cast(rows), CLASSES[:2], settings())
    table = done.table.join(rows.select("subject", "split", "p_located"), on="subject")
    likely = table.filter(pl.col("p_located") > 0.8)
    assert likely["probability"].mean() == pytest.approx(0.45, abs=0.15)  # half of .9, as valid has it
    assert done.report.fitted_to == done.report.held_out == 200
    tests = table.filter(split="test")
    at = {item.threshold: (item.facts, item.true) for item in done.report.precision}
    for threshold, counts in at.items():
        chosen = tests.filter(pl.col("probability") >= threshold)
        assert counts == (chosen.height, int(chosen["truth"].sum()))
    assert sum(item.votes for item in done.report.errors) == 200
    assert done.report.calibration_error == pytest.approx(
        calibration_error(tests["probability"].to_numpy(), tests["truth"].to_numpy())
    )


def test_evidence_is_what_a_fact_has_without_constraints_and_what_is_withheld_is_counted():
    rows = candidates(*(("x", name, 0.99, 0.0, -1, "train") for name in "abc"), ("y", "a", 0.99, 0.0, -1, "train"))
    alone = make_facts(rows, cast(rows), CLASSES[:2], settings())
    firm = make_facts(rows, cast(rows), CLASSES[:2], settings(functional=("located",)))
    assert alone.table["evidence"].to_list() == pytest.approx([0.99] * 4)
    assert firm.table["evidence"].to_list() == pytest.approx([0.99] * 4)
    of_x = firm.table.filter(subject="x")["probability"].to_list()
    assert of_x == pytest.approx([99 / (1 + 3 * 99)] * 3)  # odds of 99 each, of which one holds or none


def test_what_is_likely_and_breaks_a_rule_is_withheld():
    """By hand: of .9, .9 and .3 under the rule the premises come to .769, the conclusion to .693."""
    rows = candidates(*((a, b, p, 0.0, -1, "train") for a, b, p in (("x", "y", 0.9), ("y", "z", 0.9), ("x", "z", 0.3))))
    rule = {"if": ["located(x, y)", "located(y, z)"], "then": "located(x, z)"}
    done = make_facts(rows, cast(rows), CLASSES[:2], settings(rules=(rule,), publish=0.7))
    assert done.table["probability"].to_list() == pytest.approx([0.769, 0.769, 0.693], abs=1e-3)
    assert (done.report.published, done.report.withheld, done.report.broken) == (1, 1, 0)
    assert done.table["published"].sum() == 1


def test_a_constraint_on_a_relation_that_there_is_not_stops_the_stage():
    rows = drawn(9)
    with pytest.raises(ConfigError, match=r"facts\.exclusive: there is no relation 'borders'"):
        make_facts(rows, cast(rows), CLASSES, settings(exclusive=(("located", "borders"),)))


def test_a_fact_is_true_where_one_sentence_states_it_and_is_held_out_where_somebody_looked():
    rows = candidates(
        ("Rome", "Italy", 0.6, 0.3, 0, "test"),
        ("Rome", "Italy", 0.9, 0.0, 1, "test"),
        ("Oslo", "Norway", 0.9, 0.0, -1, "test"),
    )
    facts = group(evidence_table(rows, CLASSES[:2], ()))
    assert facts["truth"].to_list() == [None, True]
    assert held_out(facts, "test").tolist() == [False, True]
