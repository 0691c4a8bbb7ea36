"""Descriptions of classes as hypotheses that a model of natural language inference holds against texts (Yin et al., 2019).

The text is the premise. How like it is to a class are the log odds that it entails the class's hypothesis, rather than that it is
neutral to it or contradicts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tidemill.common.progress import progress
from tidemill.contracts import ConfigError
from tidemill.embed.hub import from_hub, quiet_transformers

_ENTAILMENT: Final = "entail"
"""How the label of models begins that says so, in upper or lower case."""
_PAIRS: Final = 32
"""Pairs of a text and a hypothesis that are read at once."""
_TOKENS: Final = 512
"""Of a pair, at most; the text is cut."""
_CHARACTERS: Final = 16 * _TOKENS
Array = npt.NDArray[np.float64]


def entailment_log_odds(model: str, hypotheses: Sequence[str], texts: Sequence[str]) -> Array:
    """Compute how surely texts entail hypotheses.

    Parameters
    ----------
    model
        A model of natural language inference: its name on the hub, perhaps with ``@revision``, or a folder; in safetensors.
    hypotheses
        A sentence each.
    texts
        Premises.

    Returns
    -------
    (n_texts, n_hypotheses)
        Log odds of entailment.

    Raises
    ------
    ConfigError
        The model classifies, but none of its labels is entailment.
    PackageError
        It cannot be had.
    """
    import torch

    tokenizer, network = _load(model)
    entails = _entailment(model, network.config.id2label)
    # pairs of like length are padded together
    places = sorted(np.ndindex(len(texts), len(hypotheses)), key=lambda place: len(texts[place[0]]))
    steps = [places[start : start + _PAIRS] for start in range(0, len(places), _PAIRS)]
    result = np.zeros((len(texts), len(hypotheses)))
    for step in progress(steps, total=len(steps), name=model, unit="steps"):
        premises = [texts[row][:_CHARACTERS] for row, _ in step]
        pairs = (premises, [hypotheses[column] for _, column in step])
        cut = {"truncation": "only_first", "max_length": _TOKENS, "padding": True, "return_tensors": "pt"}
        with torch.inference_mode():
            logits = network(**tokenizer(*pairs, **cut)).logits.double()
        others = torch.cat([logits[:, :entails], logits[:, entails + 1 :]], dim=1)
        odds = logits[:, entails] - torch.logsumexp(others, dim=1)
        rows, columns = zip(*step, strict=True)
        result[list(rows), list(columns)] = odds.numpy()
    return result


def _load(model: str) -> tuple[Any, Any]:
    from tidemill.common.torchvision import repair_torchvision

    repair_torchvision()
    quiet_transformers()
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    name, _, revision = model.partition("@")

    def load(**options: Any) -> tuple[Any, Any]:
        how = options | {"revision": revision or "main"}
        network = AutoModelForSequenceClassification.from_pretrained(name, use_safetensors=True, **how)
        return AutoTokenizer.from_pretrained(name, **how), network.eval()

    return from_hub(load, model)


def _entailment(model: str, labels: dict[int, str]) -> int:
    found = [place for place, label in labels.items() if label.lower().startswith(_ENTAILMENT)]
    if len(found) != 1 or len(labels) < 2:  # noqa: PLR2004 - entailment and something else
        raise ConfigError(
            f"model {model}: its labels are {', '.join(labels.values())}, and one of natural language inference has entailment: "
            "name such a model, or leave out hypothesis for an encoder of sentences"
        )
    return found[0]
