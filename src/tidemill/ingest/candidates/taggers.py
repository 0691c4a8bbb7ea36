"""Models by name that tag mentions, and of spaCy's also parse: to be installed by whoever names them."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

from tidemill.contracts import ConfigError


class SpacyPipeline:
    """A pipeline of spaCy that runs over a sentence once, however many types of mentions and paths are asked of it.

    Parameters
    ----------
    name
        Name of an installed model, or a folder with one.

    Raises
    ------
    ConfigError
        SpaCy is not installed, or there is no such model.
    """

    def __init__(self, name: str) -> None:
        try:
            import spacy

            self._pipeline: Any = spacy.load(name)
        except ImportError as error:
            raise ConfigError(
                f"tagger spacy:{name}: spaCy is not installed; `pip install spacy && python -m spacy download {name}`"
            ) from error
        except OSError as error:
            raise ConfigError(
                f"tagger spacy:{name}: there is no such model; `python -m spacy download {name}`"
            ) from error
        self._last: tuple[str, Any] = ("", None)

    def parsed(self, text: str) -> Any:
        """Run the pipeline over a sentence.

        Parameters
        ----------
        text
            A sentence.

        Returns
        -------
        spacy.tokens.Doc
        """
        if self._last[1] is None or self._last[0] != text:
            self._last = text, self._pipeline(text)
        return self._last[1]

    def tagged(self, text: str, labels: Sequence[str]) -> Iterator[tuple[int, int]]:
        """Find what has one of the labels.

        Parameters
        ----------
        text
            A sentence.
        labels
            Labels that count.

        Yields
        ------
        begin, end : int
            Characters of a mention.
        """
        return ((span.start_char, span.end_char) for span in self.parsed(text).ents if span.label_ in labels)


class GlinerModel:
    """A model of GLiNER, which finds mentions of types that it was not trained on.

    Parameters
    ----------
    name
        Name of the model, or a folder with one.

    Raises
    ------
    ConfigError
        GLiNER is not installed, or there is no such model.
    """

    def __init__(self, name: str) -> None:
        try:
            from gliner import GLiNER

            self._model: Any = GLiNER.from_pretrained(name)
        except ImportError as error:
            raise ConfigError(f"tagger gliner:{name}: GLiNER is not installed; `pip install gliner`") from error
        except OSError as error:
            raise ConfigError(f"tagger gliner:{name}: there is no such model: {error}") from error

    def tagged(self, text: str, labels: Sequence[str]) -> Iterator[tuple[int, int]]:
        """Find what has one of the labels.

        Parameters
        ----------
        text
            A sentence.
        labels
            Labels that count.

        Yields
        ------
        begin, end : int
            Characters of a mention.
        """
        return ((item["start"], item["end"]) for item in self._model.predict_entities(text, list(labels)))


@functools.cache
def load_tagger(name: str) -> SpacyPipeline | GlinerModel:
    """Load a tagger, once.

    Parameters
    ----------
    name
        ``spacy:MODEL`` or ``gliner:MODEL``.

    Returns
    -------
    SpacyPipeline or GlinerModel
    """
    library, _, model = name.partition(":")
    return SpacyPipeline(model) if library == "spacy" else GlinerModel(model)
