"""One vector of the last layer of a text encoder: over all tokens, at the first, or at two marked names.

A relation's sentence has a name in ``[...]`` and another in ``<...>``. ``entity_start`` takes the states at the two opening marks
(Baldini Soares et al., "Matching the Blanks", ACL 2019), ``entity_mean`` the mean over the tokens of each name (Wu and He, "Enriching
Pre-trained Language Model with Entity Information for Relation Classification", CIKM 2019); the mean over all tokens goes first.
A text without such a mark has the mean over all tokens in its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tidemill.contracts import ConfigError
from tidemill.embed.settings import TextSettings

MARKS: Final = ("[", "]", "<", ">")
"""Around the subject of a candidate, and around its object."""
_OF_ENTITIES: Final = ("entity_start", "entity_mean")


@dataclass(frozen=True)
class TokenPooling:
    """How states of tokens become one vector.

    Parameters
    ----------
    name
        As ``embed.text.pooling``.
    normalize
        Whether each part, and the whole, has length 1.
    marks
        Ids of the tokens of ``MARKS``; empty where they are not asked for.
    """

    name: str
    normalize: bool
    marks: tuple[int, ...] = ()

    @classmethod
    def of(cls, settings: TextSettings, tokenizer: Any) -> TokenPooling:
        """Find what is asked for in a tokenizer.

        Parameters
        ----------
        settings
            Settings of text backbones.
        tokenizer
            Tokenizer of the backbone.

        Returns
        -------
        TokenPooling

        Raises
        ------
        ConfigError
            The tokenizer has no token of its own for a mark.
        """
        if settings.pooling not in _OF_ENTITIES:
            return cls(settings.pooling, settings.normalize)
        marks = tuple(tokenizer.convert_tokens_to_ids(list(MARKS)))
        for mark, token in zip(MARKS, marks, strict=True):
            if token is None or token == tokenizer.unk_token_id:
                raise ConfigError(
                    f"embed.text.pooling: {settings.pooling} needs a token for {mark!r}, which this backbone's tokenizer does not have: "
                    "use mean or first"
                )
        return cls(settings.pooling, settings.normalize, marks)

    @property
    def parts(self) -> int:
        """Vectors of the encoder's width that stand one after the other."""
        return 3 if self.marks else 1

    def __call__(self, hidden: Any, ids: Any, mask: Any) -> Any:
        """Pool states.

        Parameters
        ----------
        hidden : (n_rows, n_tokens, width)
            Last layer of the encoder.
        ids, mask : (n_rows, n_tokens)
            Tokens, and 1 where there is one.

        Returns
        -------
        (n_rows, parts * width)
        """
        import torch

        there = mask[..., None].to(hidden.dtype)
        mean = (hidden * there).sum(dim=1) / there.sum(dim=1)
        if self.name == "first":
            vectors = [hidden[:, 0]]
        elif self.marks:
            spans = [self._span(ids, mask, *self.marks[start : start + 2]) for start in (0, 2)]
            vectors = [mean, *(_mean_within(hidden, span, mean) for span in spans)]
        else:
            vectors = [mean]
        if not self.normalize:
            return torch.cat(vectors, dim=1)
        scale = float(len(vectors)) ** -0.5
        return torch.cat([torch.nn.functional.normalize(vector, dim=1) * scale for vector in vectors], dim=1)

    def _span(self, ids: Any, mask: Any, opening: int, closing: int) -> Any:
        """Where a name is: its opening mark, or the tokens from there to the closing mark or the end of a text that is cut."""
        import torch

        opens = (ids == opening).to(torch.int64)
        first = (opens == 1) & (torch.cumsum(opens, dim=1) == 1)
        if self.name == "entity_start":
            return first & (mask == 1)
        opened = torch.cumsum(first.to(torch.int64), dim=1) == 1
        closed = torch.cumsum(((ids == closing) & opened).to(torch.int64), dim=1) > 0
        return opened & ~first & ~closed & (mask == 1)


def _mean_within(hidden: Any, span: Any, otherwise: Any) -> Any:
    inside = span[..., None].to(hidden.dtype)
    count = inside.sum(dim=1)
    return (hidden * inside).sum(dim=1) / count.clamp(min=1.0) + otherwise * (count == 0).to(hidden.dtype)
