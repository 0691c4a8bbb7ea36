"""Settings of ``conf/facts/``."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, field_validator

from tidemill.contracts import ConfigError, Settings
from tidemill.facts.rules import Atom, parse_atom

Names = tuple[str, ...]


class Rule(Settings):
    """Facts that imply another.

    Attributes
    ----------
    when
        Atoms that have to hold, ``if`` in YAML.
    then
        The atom that follows.
    weight
        How much less likely, in log-odds, a breach makes things; None: there are none.
    """

    when: Annotated[tuple[str, ...], Field(alias="if", min_length=1, max_length=3)]
    then: str
    weight: Annotated[float, Field(gt=0)] | None = None

    @field_validator("when", "then")
    @classmethod
    def _is_atom(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for text in (value,) if isinstance(value, str) else value:
            parse_atom(text)
        return value

    @property
    def body(self) -> list[Atom]:
        """The atoms that have to hold."""
        return [parse_atom(text) for text in self.when]

    @property
    def head(self) -> Atom:
        """The atom that follows."""
        return parse_atom(self.then)


class FactsSettings(Settings):
    """Settings of the facts stage: what facts have to agree on, and how that is computed."""

    functional: Names
    inverse_functional: Names
    symmetric: Names
    exclusive: tuple[Names, ...]
    rules: tuple[Rule, ...]
    publish: Annotated[float, Field(gt=0.5, lt=1)]
    width: Annotated[int, Field(ge=2, le=20)]
    sweeps: Annotated[int, Field(ge=10)]
    chains: Annotated[int, Field(ge=2)]
    seed: int

    def check_relations(self, relations: Names) -> Self:
        """Check that constraints name relations that there are.

        Parameters
        ----------
        relations
            Classes of the problem but the first.

        Returns
        -------
        FactsSettings
            The same.

        Raises
        ------
        ConfigError
            Names the constraint and the relation.
        """
        named = {
            "functional": self.functional,
            "inverse_functional": self.inverse_functional,
            "symmetric": self.symmetric,
            "exclusive": [name for names in self.exclusive for name in names],
            "rules": [atom.relation for rule in self.rules for atom in (*rule.body, rule.head)],
        }
        for key, names in named.items():
            for name in names:
                if name not in relations:
                    raise ConfigError(f"facts.{key}: there is no relation {name!r}; there are {', '.join(relations)}")
        for rule in self.rules:
            unknown = {rule.head.subject, rule.head.object} - {
                x for atom in rule.body for x in (atom.subject, atom.object)
            }
            if unknown:
                raise ConfigError(f"facts.rules: {rule.then} has {min(unknown)!r}, which stands in no atom of `if`")
        return self
