"""A tiny encoder of texts with MiniLM's tokenizer."""

from pathlib import Path

from tidemill.common.torchvision import repair_torchvision


def save_tiny_encoder(folder: Path, packages: Path) -> Path:
    """Folder, packages that were fetched -> the encoder's folder."""
    repair_torchvision()
    import torch
    from transformers import AutoTokenizer, BertConfig, BertModel

    torch.manual_seed(0)
    shape = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(**shape)).save_pretrained(folder)
    AutoTokenizer.from_pretrained(packages / "minilm").save_pretrained(folder)
    return folder
