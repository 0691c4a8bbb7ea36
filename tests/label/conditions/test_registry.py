from tests.label.conditions.factories import TEXTS, answers, fires


def test_all_any_and_not_compose_and_a_missing_value_stays_unknown():
    win, free = ({"kind": "keywords", "words": [word]} for word in ("win", "free"))
    assert fires("all", TEXTS, of=[win, free]) == [0]
    assert fires("any", TEXTS, of=[win, free]) == [0, 2]
    assert fires("not", TEXTS, of={"kind": "any", "of": [win, free]}) == [1, 3, 4]
    assert answers("not", TEXTS, of=win)[5] is None
