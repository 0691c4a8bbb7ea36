"""Features of images: pooled activations of any timm model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tidemill.common.progress import progress
from tidemill.contracts import ConfigError, Features, PackageError
from tidemill.embed.backbone import round_features
from tidemill.embed.efficientnet_lite_names import to_timm_names
from tidemill.embed.fold_batch_norm import fold_batch_norm
from tidemill.embed.hub import fetch_weights
from tidemill.embed.settings import ImageSettings
from tidemill.embed.weights import weights_file

Pixels = npt.NDArray[np.uint8]


class ImageBackbone:
    """A frozen timm model without its classifier, and how pixels are put before it."""

    def __init__(self, backbone: str, path: Path | None, settings: ImageSettings) -> None:
        import torch

        self.settings = settings
        model, self.size, self.mean, self.std = load_trainable(backbone, path, settings, scratch=False)
        probe = torch.linspace(-1.0, 1.0, 3 * self.size**2).reshape(1, 3, self.size, self.size)
        self.model = fold_batch_norm(model.eval(), probe).to(memory_format=torch.channels_last)

    def embed(self, contents: Sequence[bytes], *, name: str) -> Features:
        """Compute features.

        Parameters
        ----------
        contents
            Images.
        name
            What progress calls it.

        Returns
        -------
        (n_rows, n_dimensions)
        """
        step = self.settings.images_per_step
        starts = range(0, len(contents), step)
        parts = [
            self._forward([pixels(data, self.size) for data in contents[start : start + step]])
            for start in progress(starts, total=len(contents), name=name, unit="images", size=step)
        ]
        return round_features(np.concatenate(parts))

    def _forward(self, images: Sequence[Pixels]) -> Features:
        import torch

        scaled = (np.stack(images).astype(np.float32) / 255.0 - self.mean) / self.std
        with torch.inference_mode():
            answer = pooled(self.model, torch.from_numpy(scaled).permute(0, 3, 1, 2), self.settings.stages)
            return np.asarray(answer.float().numpy())


def load_trainable(
    backbone: str, path: Path | None, settings: ImageSettings, *, scratch: bool
) -> tuple[Any, int, Any, Any]:
    """Load a model as timm makes it.

    Parameters
    ----------
    backbone
        Timm's name of the model.
    path
        Its weights; None: from the hub.
    settings
        Settings of image backbones.
    scratch
        With random weights.

    Returns
    -------
    model : torch.nn.Module
    size : int
        Pixels of a side of its input.
    mean, spread : tensor
        Of its pixels, by channel.
    """
    if scratch:
        _known(_timm(), backbone)
        model = _timm().create_model(backbone, num_classes=0, pretrained=False)
    else:
        model = _from_hub(backbone) if path is None else load_weights(backbone, path)
    config = model.pretrained_cfg
    mean, std = (
        np.asarray(config[name] if given is None else given, dtype=np.float32)
        for name, given in (("mean", settings.mean), ("std", settings.std))
    )
    return model, settings.size or int(config["input_size"][-1]), mean, std


def pooled(model: Any, images: Any, stages: Sequence[int]) -> Any:
    """Pool activations; early stages see texture and fine lines, the last layer sees objects.

    Parameters
    ----------
    model : torch.nn.Module
        Model of timm.
    images : (n_rows, 3, height, width)
    stages
        Stages of which mean and spread of the maps are taken; none: the last layer.

    Returns
    -------
    (n_rows, n_dimensions)
    """
    import torch

    if not stages:
        return model.forward_head(model.forward_features(images), pre_logits=True)
    options: dict[str, Any] = {"intermediates_only": True, "stop_early": True, "output_fmt": "NCHW"}
    maps = model.forward_intermediates(images, indices=list(stages), **options)
    parts = [(feature_map.mean(dim=(2, 3)), feature_map.std(dim=(2, 3), correction=0)) for feature_map in maps]
    return torch.cat([part for pair in parts for part in pair], dim=1)


def pixels(data: bytes, size: int) -> Pixels:
    """Decode an image and resize it to a square.

    Parameters
    ----------
    data
        An image.
    size
        Pixels of a side.

    Returns
    -------
    (size, size, 3)
        Grey becomes three equal channels.
    """
    from PIL import Image

    from tidemill.readers.image_decoder import decode_image

    return np.asarray(decode_image(data).rgb().resize((size, size), Image.Resampling.BICUBIC))


def load_weights(backbone: str, path: Path) -> Any:
    """Load weights into a model without its classifier; every key must fit.

    Parameters
    ----------
    backbone
        Timm's name of the model.
    path
        File, or folder of one file, of weights.

    Returns
    -------
    torch.nn.Module
        The model, without its classifier.

    Raises
    ------
    PackageError
        The weights are not of this model.
    """
    timm = _timm()
    _known(timm, backbone)
    file = weights_file(path)
    try:
        state = to_timm_names(_state(file))
        model = timm.create_model(backbone, num_classes=_classes(timm, backbone, state))
        model.load_state_dict(state, strict=True)
    except (RuntimeError, KeyError, ValueError) as error:
        first = str(error).strip().splitlines()
        raise PackageError(
            f"{file} does not hold weights of timm's {backbone} ({' '.join(first[:2])}): name the model that they are of"
        ) from error
    model.reset_classifier(0)
    return model


def _state(file: Path) -> dict[str, Any]:
    if file.suffix == ".safetensors":
        from safetensors.torch import load_file

        return dict(load_file(file))
    import torch

    content = torch.load(file, map_location="cpu", weights_only=True)
    return dict(content.get("state_dict", content))


def _classes(timm: Any, backbone: str, state: dict[str, Any]) -> int:
    """How many classes the checkpoint's classifier tells apart; 0 if it has none."""
    name = timm.get_pretrained_cfg(backbone.partition(".")[0]).classifier
    weight = state.get(f"{name}.weight")
    return 0 if weight is None else int(weight.shape[0])


def _from_hub(backbone: str) -> Any:
    timm = _timm()
    _known(timm, backbone)
    return fetch_weights(lambda: timm.create_model(backbone, num_classes=0, pretrained=True), backbone)


def _known(timm: Any, backbone: str) -> None:
    if not backbone.startswith(("hf-hub:", "hf_hub:")) and not timm.is_model(backbone.partition(".")[0]):
        close = ", ".join(timm.list_models(f"*{backbone[:6]}*")[:5]) or "see timm.list_models()"
        raise ConfigError(f"embed.backbone: timm has no model {backbone!r}; close are: {close}")


def _timm() -> Any:
    from tidemill.common.torchvision import repair_torchvision

    repair_torchvision()
    import timm

    return timm
