from tidemill.reports.generate import ClassVotes, GeneratedReport, GeneratedVoter, Spending


def voter(name: str = "net", **more: object) -> GeneratedVoter:
    fields = {
        "function": name,
        "folder": "f",
        "kind": "model",
        "by": "linear",
        "group": name,
        "learns_from": "gold",
        "learned_from": 80,
        "coverage": 0.5,
        "kept": 0.25,
        "repeats": None,
        "agreement": None,
        "reason": None,
        "classes": {"ham": ClassVotes(threshold=0.8, votes=20, right=18)},
    }
    return GeneratedVoter.model_validate(fields | more)


def test_a_sentence_says_what_it_learned_from_covers_and_is_worth():
    assert voter().sentence(3.2) == (
        "net (linear) learned from 80 gold rows; votes on 25.0% of the rows; ham 18/20 right on gold it had not seen "
        "(from 0.80); took 3 s"
    )


def test_a_reason_that_holds_for_all_classes_is_said_once():
    dropped = ClassVotes(threshold=None, votes=3, right=1, dropped="its votes: no better")
    assert voter(classes={"ham": dropped, "spam": dropped}).sentence().count("no better") == 1


def test_one_that_cannot_vote_says_why_and_a_prompt_says_what_it_spent():
    assert voter(reason="too little gold").sentence().endswith("and does not vote: too little gold")
    spent = Spending(answers=10, prompt_tokens=900, completion_tokens=100, money=0.5, quarantined=0, unanswered=0)
    assert voter(spending=spent).sentence().endswith("10 answers, 1,000 tokens, 0.50 spent")


def test_voters_of_one_group_are_named_together():
    report = GeneratedReport(voters=(voter("a", group="llm"), voter("b"), voter("c", group="llm")))
    assert report.groups() == [["a", "c"]]
