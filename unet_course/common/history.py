"""What a training run leaves behind: one line of numbers per epoch, the same for both twins."""

from dataclasses import dataclass, field


@dataclass
class History:
    """Losses, scores, seconds and memory of every epoch.

    Attributes
    ----------
    epochs : list of dict
        One per epoch, with `loss`, `val_loss`, each metric and its `val_` twin, `seconds`, and `memory_gb`: the largest
        memory held, GB (10^9 bytes), by tensors on the GPU in this epoch, or without one by the process so far.
    """

    epochs: list = field(default_factory=list)

    def __len__(self):
        return len(self.epochs)

    def __getitem__(self, name):
        """All values of one column, for instance `history["val_loss"]`."""
        return [epoch[name] for epoch in self.epochs]

    def best_epoch(self, monitor="val_loss"):
        """Number (from 1) of the epoch with the smallest `monitor`."""
        values = self[monitor]
        return values.index(min(values)) + 1

    def newest(self):
        """Loss, validation loss and last score of the newest epoch, as short text for a progress bar."""
        line = self.epochs[-1]
        scores = [name for name in line if name.startswith("val_") and name != "val_loss"]
        return {name: f"{line[name]:.3f}" for name in ("loss", "val_loss", *scores[-1:])}

    def frame(self):
        """A pandas DataFrame with one row per epoch, numbered from 1."""
        import pandas as pd

        return pd.DataFrame(self.epochs, index=pd.RangeIndex(1, len(self) + 1, name="epoch"))
