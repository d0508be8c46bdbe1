"""Images a second of a real run, beside the loop that anybody would write, and the test ELBO that each comes to.

The program: a Trainer with its run folder. The plain loop: DataLoader(batch 128, shuffle, num_workers 0) over PIL
images, each converted when it is asked for (and, for a bernoulli likelihood, binarised anew), torch.optim.Adam with
its defaults. Both train the same network on the same training images by the same objective with the same number of
threads, an epoch by turns, so that a busy machine slows both. images/s are medians over the epochs, of the steps
alone; the second figure of the program has its evaluation and its files in it. Both ELBOs are by the program's
evaluate, over the test images, in nats per image.

    python benchmarks/train.py [--quick] [--json] [--data NAME] [--epochs N] [--threads N]
"""

import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np
import torch
from PIL import Image
from report import Figure, options, progress, show
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from vae_explorer.core.config import VAEConfig
from vae_explorer.core.objective import negative_elbo
from vae_explorer.core.progress import finish
from vae_explorer.core.vae import VAE
from vae_explorer.data import catalog
from vae_explorer.data.image_set import ImageSet
from vae_explorer.training.config import TrainConfig
from vae_explorer.training.evaluation import evaluate
from vae_explorer.training.loop import TrainingProgress
from vae_explorer.training.run import Run
from vae_explorer.training.trainer import Trainer

EPOCHS, QUICK_EPOCHS = 10, 1
AIM_RATIO, AIM_NATS = 2.5, 0.5


class Pictures(Dataset[Tensor]):
    """PIL images, and a tensor of each when it is asked for."""

    def __init__(self, images: ImageSet, *, binarise: bool):
        self._pictures = [Image.fromarray(image.transpose(1, 2, 0).squeeze()) for image in images.images]
        self._binarise = binarise

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, i: int) -> Tensor:
        pixels = np.array(self._pictures[i], dtype=np.float32) / 255
        x = torch.from_numpy(pixels.reshape(*pixels.shape[:2], -1).transpose(2, 0, 1))
        return torch.bernoulli(x) if self._binarise else x


class PlainLoop:
    """Trains the same model as the lecture's page would."""

    def __init__(self, images: ImageSet, config: VAEConfig, train_config: TrainConfig):
        torch.manual_seed(train_config.seed)
        pictures = Pictures(images, binarise=config.likelihood == "bernoulli")
        self._batches = DataLoader(pictures, batch_size=train_config.batch_size, shuffle=True, num_workers=0)
        self.model = VAE(config).initialise(torch.Generator().manual_seed(train_config.seed))
        self._optimizer = torch.optim.Adam(self.model.parameters())

    def epoch(self) -> float:
        """images/s of one epoch."""
        started, images = time.perf_counter(), 0
        for x in self._batches:
            loss = negative_elbo(self.model, x, torch.randn(len(x), self.model.z_dim)).total
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            images += len(x)
        return images / (time.perf_counter() - started)


@dataclass
class Speeds:
    """images/s of each epoch."""

    steps: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)  # with evaluation and files
    plain: list[float] = field(default_factory=list)


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--data", default="drawn-digits", choices=list(catalog.DATASETS))
    parser.add_argument("--epochs", type=int, help=f"of each; otherwise {EPOCHS}, with --quick {QUICK_EPOCHS}")
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    if not catalog.available(chosen.data):
        sys.exit(f"{chosen.data} is not on this machine: fetch it with vae-explorer data fetch {chosen.data}")
    epochs = chosen.epochs or (QUICK_EPOCHS if chosen.quick else EPOCHS)
    config = TrainConfig(data=chosen.data, epochs=epochs, device="cpu", threads=chosen.threads)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(Run.create(Path(folder) / "run", config))
        speeds, plain = _by_turns(trainer, config)
        training = trainer.training
        assert training is not None
        info = training.info
        assert info.test is not None
        progress("evaluating the plain loop's model")
        test = training.data.part("test", config.seed)
        plain_elbo = finish(evaluate(plain.eval(), test, info.preparation)).elbo
        progress("")
    elbo = info.test.elbo
    ratio = median(own / other for own, other in zip(speeds.steps, speeds.plain, strict=True))
    figures = [
        Figure("the program", median(speeds.steps), "images/s"),
        Figure("the program, evaluation and files included", median(speeds.whole), "images/s"),
        Figure("the plain loop", median(speeds.plain), "images/s"),
        Figure("program / plain loop", ratio, "×", (">=", AIM_RATIO)),
        Figure("the program's test ELBO", elbo, "nats"),
        Figure("the plain loop's test ELBO", plain_elbo, "nats"),
        Figure("the program's below the plain loop's", max(0.0, plain_elbo - elbo), "nats", ("<=", AIM_NATS)),
    ]
    notes = [
        f"{config.data}, {info.train_images:,} training and {len(test):,} test images; {config.network} "
        f"{config.hidden}-{config.hidden}-{config.z_dim}, {config.likelihood}, batch {config.batch_size}, {epochs} "
        f"{'epoch' if epochs == 1 else 'epochs'} each, {training.device_text}"
    ]
    show("train", figures, notes, as_json=chosen.json)


def _by_turns(trainer: Trainer, config: TrainConfig) -> tuple[Speeds, VAE]:
    """Drives the run; after each of its epochs the plain loop makes one."""
    speeds, plain = Speeds(), None
    began, images, seconds = 0.0, 0, 0.0
    for item in trainer.work():
        if not isinstance(item, TrainingProgress):
            continue
        training = trainer.training
        assert training is not None
        state = training.state
        progress(f"epoch {item.epoch:.1f} of {item.epochs}")
        if plain is None:  # the images are loaded; the first step is made
            plain = PlainLoop(training.data.part("train", config.seed), training.info.config, config)
            began, images, seconds = time.perf_counter(), state.images, state.seconds
        if item.validation:
            count = state.images - images
            speeds.steps.append(count / (state.seconds - seconds))
            speeds.whole.append(count / (time.perf_counter() - began))
            progress(f"epoch {len(speeds.plain) + 1} of the plain loop")
            speeds.plain.append(plain.epoch())
            began, images, seconds = time.perf_counter(), state.images, state.seconds
    assert plain is not None
    return speeds, plain.model


if __name__ == "__main__":
    main()
