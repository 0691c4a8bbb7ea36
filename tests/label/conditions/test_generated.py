import pytest

from tidemill.contracts import ConfigError
from tidemill.label.conditions.generated import Model
from tidemill.label.functions.declared import declared_functions
from tidemill.label.functions.yaml_lines import read_yaml

DESCRIBE = "describe: {ham: a letter, spam: an offer}"


def loaded(tmp_path, line):
    (tmp_path / "f.yaml").write_text(f"functions: [{line}]")
    return declared_functions(read_yaml(tmp_path / "f.yaml"), ["ham", "spam"])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{name: a, kind: zero_shot, describe: {ham: x, spem: y}}", "no class 'spem'; did you mean spam"),
        ("{name: a, kind: zero_shot, describe: {ham: x}}", "describe at least two classes"),
        (f"{{name: a, kind: zero_shot, {DESCRIBE}, model: m, hypothesis: it is}}", "'it is' has no {}, where the"),
        (f"{{name: a, kind: zero_shot, {DESCRIBE}, hypothesis: 'it is {{}}'}}", "name a model of natural language"),
        ("{name: a, kind: model, vote: ham}", "model votes itself"),
        ("{name: a, kind: model, learner: lineer}", "learner"),
        ("{name: a, kind: all, of: [{kind: model}], vote: ham}", "write it as a function of its own"),
        (
            f"{{name: a, kind: not, of: {{kind: zero_shot, {DESCRIBE}}}, vote: ham}}",
            "write it as a function of its own",
        ),
        (
            "{name: a, kind: cases, of: [{vote: ham, when: {kind: model}}]}",
            "write it as a function of its own",
        ),
        (
            "{name: a, kind: prompt, endpoint: e, model: m, template: '{text}', samples: 5}",
            "several answers at temperature 0 are one answer",
        ),
    ],
)
def test_what_is_wrong_is_said_where_it_is(tmp_path, line, message):
    with pytest.raises(ConfigError, match=r"f\.yaml:1: a: ") as error:
        loaded(tmp_path, line)
    assert message in str(error.value)


def test_the_column_is_named_after_all_that_the_condition_says():
    same = [Model(kind="model"), Model(kind="model", learner="linear")]
    other = Model(kind="model", seed=2)
    assert same[0].column == same[1].column != other.column


def test_a_generated_function_outside_of_a_project_says_what_it_takes(tmp_path):
    import polars as pl

    from tidemill.contracts import FunctionError
    from tidemill.label.engine.apply import apply

    with pytest.raises(FunctionError, match="run the label stage"):
        apply(pl.DataFrame({"row_id": ["a"], "text": ["x"]}), loaded(tmp_path, "{name: a, kind: model}"), n_classes=2)
