"""A certificate in words, as the command and the model card have it."""

from __future__ import annotations

from tidemill.common.spelling import counted
from tidemill.reports.review import AuditTarget, Certificate, ReviewersError


def certificate_lines(found: Certificate) -> list[str]:
    """Write a certificate, or why there is none, in sentences.

    Parameters
    ----------
    found
        What was proven.

    Returns
    -------
    list of str
        Empty where nothing was planned to be proven.
    """
    target, reviewers = found.target, found.reviewers
    if target is None or reviewers is None:
        return []
    claim = f"{found.problem}: at most {found.bound:.2%} of {_which(target)} are wrong, at {target.confidence:.0%} confidence"
    verdict = f"the target of {target.error:.2%} is {'met' if found.met else 'not met'}"
    by = (
        "reviewers are taken to be right"
        if target.trusted
        else f"reviewers were wrong in {reviewers.wrong} of {reviewers.asked} test questions{_overruled(reviewers)}, so in {reviewers.bound:.1%} at most"
    )
    newest = f"; newest answer {found.newest_answer[:16]}Z" if found.newest_answer else ""
    lines = [
        f"{claim}: {verdict}",
        f"  {counted(found.checked, 'row')} checked, {counted(found.errors, 'error')}; {by}{newest}",
    ]
    return lines if found.met else [*lines, f"  {_missing(found)}"]


def _overruled(reviewers: ReviewersError) -> str:
    return (
        f" and overruled, or not confirmed yet, in {reviewers.overruled} of {reviewers.confirmed} rows"
        if reviewers.confirmed
        else ""
    )


def _which(target: AuditTarget) -> str:
    sure = f" with a probability of at least {target.sure:g}" if target.sure else ""
    return f"{target.rows} labels{sure}"


def _missing(found: Certificate) -> str:
    disputed = (
        f"{found.disputed} errors may turn out to be none when another person answers; " if found.disputed else ""
    )
    if found.rows_to_go is not None:
        return f"{disputed}about {found.rows_to_go} rows more would prove it, if errors are as frequent"
    assert found.reviewers is not None and found.target is not None  # noqa: S101, PT018 - the lines above say so
    unknown = not found.target.trusted and not found.reviewers.asked
    why = "no test question was answered" if unknown else "errors, or those that reviewers miss, are too frequent"
    return f"{disputed}no number of rows would prove it: {why}"


def card_section(found: Certificate, sha256: str) -> list[str]:
    """Write the section of a model card.

    Parameters
    ----------
    found
        The certificate that is kept.
    sha256
        Of the labels, those that are as sure as the certificate's.

    Returns
    -------
    list of str
        Empty where there is no certificate.
    """
    state = found.state(sha256)
    if state == "none":
        return []
    lines = [line.strip() + "." for line in certificate_lines(found)]
    expired = ["**It is expired:** these are other labels than it was made for.", ""] if state == "expired" else []
    return ["## Certificate of the labels", "", *expired, *lines, ""]
