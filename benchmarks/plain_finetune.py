"""What one would write without Tidemill: MiniLM fine-tuned by a plain Lightning script. train_speed.py runs and times it.

Run: python benchmarks/plain_finetune.py ROWS.parquet OUT.npy [--epochs 1] [--seed 0] [--model data/packages/minilm]
ROWS has a column text, a column label (probability of each class) that is null where a row is only predicted, and OUT
takes the logits of those. Nothing of Tidemill is imported but the repair that a torch without CUDA needs.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from torch.utils.data import DataLoader

from tidemill.common.torchvision import repair_torchvision

repair_torchvision()

from pytorch_lightning import LightningModule, Trainer, seed_everything  # noqa: E402 - it imports torchvision
from transformers import AutoModel, AutoTokenizer  # noqa: E402 - as above

ROWS_PER_STEP = 32
RATE = 5e-5
MAX_TOKENS = 48  # as src/tidemill/conf/embed/minilm.yaml has it


class Classifier(LightningModule):  # type: ignore[misc] # mypy does not follow Lightning
    """The encoder, the mean of its last layer, and a linear layer."""

    def __init__(self, model: str, classes: int) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(model, local_files_only=True)
        self.top = torch.nn.Linear(self.encoder.config.hidden_size, classes)

    def forward(self, tokens: Any) -> Any:
        """Tokens -> logits."""
        hidden, there = self.encoder(**tokens).last_hidden_state, tokens["attention_mask"][..., None]
        return self.top((hidden * there).sum(dim=1) / there.sum(dim=1))

    def training_step(self, batch: Any, _: int) -> Any:
        """Tokens and labels -> loss."""
        tokens, labels = batch
        return torch.nn.functional.cross_entropy(self(tokens), labels)

    def predict_step(self, batch: Any, _: int) -> Any:
        """Tokens and labels -> logits."""
        return self(batch[0])

    def configure_optimizers(self) -> Any:
        """Nothing -> the usual."""
        return torch.optim.AdamW(self.parameters(), lr=RATE)


def main() -> None:
    """Read, fine-tune, predict, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--model", default="data/packages/minilm")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    seed_everything(asked.seed, verbose=False)
    rows = pl.read_parquet(asked.rows)
    teach, test = rows.filter(pl.col("label").is_not_null()), rows.filter(pl.col("label").is_null())
    tokenizer = AutoTokenizer.from_pretrained(asked.model, local_files_only=True)

    def collate(some: list[dict[str, Any]]) -> Any:
        texts, labels = [item["text"] for item in some], [item["label"] or [] for item in some]
        tokens = tokenizer(texts, truncation=True, max_length=MAX_TOKENS, padding=True, return_tensors="pt")
        return {name: tokens[name] for name in ("input_ids", "attention_mask")}, torch.tensor(labels)

    def loader(table: pl.DataFrame, *, shuffle: bool) -> Any:
        rows: Any = table.to_dicts()
        return DataLoader(rows, batch_size=ROWS_PER_STEP, shuffle=shuffle, collate_fn=collate)

    trainer = Trainer(
        max_epochs=asked.epochs, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False
    )
    model = Classifier(asked.model, len(teach["label"][0]))
    trainer.fit(model, loader(teach, shuffle=True))
    np.save(asked.out, torch.cat(trainer.predict(model, loader(test, shuffle=False))).numpy())


if __name__ == "__main__":
    main()
