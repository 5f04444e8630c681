"""Train: cluster the hours into kinds of weather, by mini-batch gradient descent on the centres.

Channels ``train``, ``val`` and ``test`` hold ``hours.csv``. After each epoch the mean squared distance of the
validation hours to their nearest centre is measured; ``patience`` epochs without a better one end the training, but
not before ``min-epochs``. The best centres are saved as ``centres.csv``.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
import pandas as pd


def distances(hours: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Squared distances, an hour a row, a centre a column."""
    return ((hours[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)


def loss(hours: np.ndarray, centres: np.ndarray) -> float:
    """Mean squared distance to the nearest centre."""
    return float(distances(hours, centres).min(axis=1).mean())


def train(hours: np.ndarray, val: np.ndarray, options: argparse.Namespace) -> np.ndarray:
    """The centres that were best on the validation hours."""
    chance = np.random.default_rng(options.seed)
    centres = hours[chance.choice(len(hours), options.clusters, replace=False)]
    best, best_loss, waited = centres, loss(val, centres), 0
    for epoch in range(1, options.epochs + 1):
        for batch in np.array_split(chance.permutation(hours), max(1, len(hours) // options.batch_size)):
            nearest = distances(batch, centres).argmin(axis=1)
            for cluster in np.unique(nearest):
                mine = batch[nearest == cluster]
                centres[cluster] += options.learning_rate * (mine - centres[cluster]).mean(axis=0)
        now = loss(val, centres)
        print(f"epoch={epoch}; validation:loss={now:.5f};", flush=True)
        best, best_loss, waited = (centres.copy(), now, 0) if now < best_loss else (best, best_loss, waited + 1)
        if epoch >= options.min_epochs and waited >= options.patience:
            break
    return best


def read(channel: str) -> pd.DataFrame:
    return pd.read_csv(Path(os.environ[f"SM_CHANNEL_{channel.upper()}"]) / "hours.csv")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("clusters", "batch-size", "epochs", "min-epochs", "patience"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--learning-rate", type=float, required=True)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    hours = read("train")
    found = train(hours.to_numpy(), read("val").to_numpy(), given)
    print(f"test:loss={loss(read('test').to_numpy(), found):.5f};")
    pd.DataFrame(found, columns=hours.columns).to_csv(Path(os.environ["SM_MODEL_DIR"]) / "centres.csv", index=False)
