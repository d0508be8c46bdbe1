"""How many prior samples of a model a judge takes for digits: z ~ N(0, I), decoded, and a classifier of MNIST that
must be sure of a class (its highest probability above 0.8).

The judge is scikit-learn's MLPClassifier with one hidden layer, trained here on MNIST's training images; its accuracy
on the test images is printed and must be at least 97 %, or its word is worth nothing. 1,000 mean images, seed 0. To
compare: real test images, binary ones drawn from them, and the same network before any training, of which a judge that
can be trusted is sure of next to none. It takes under a minute, so
--quick changes nothing: a judge that has learned for a shorter time is less sure of everything, real images too.

    python benchmarks/samples.py [--quick] [--json] [--model NAME_OR_FILE]
"""

import sys
import warnings

import numpy as np
import torch
from report import Figure, options, progress, show
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from vae_explorer.core.latent import prior_sample
from vae_explorer.core.progress import finish
from vae_explorer.core.vae import VAE
from vae_explorer.data import catalog
from vae_explorer.data.image_set import ImageSet
from vae_explorer.training import model_file, models

SAMPLES = 1000
SURE = 0.8  # of a class
HIDDEN, EPOCHS = 256, 12  # of the judge
AIM_ACCURACY, AIM_SURE = 97.0, 70.0  # per cent


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--model", default="mnist", help="a bundled model's name, or a model file")
    chosen = parser.parse_args()
    if catalog.where("mnist") is None:
        sys.exit("MNIST is not on this machine: fetch it with vae-explorer data fetch mnist")
    try:
        model, info = model_file.load(models.find(chosen.model))
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    if model.image_shape != (1, 28, 28):
        sys.exit(f"{chosen.model} makes images of {model.image_shape}; the judge knows (1, 28, 28) only")
    mnist = finish(catalog.load("mnist"))
    assert mnist.test is not None
    progress("training the judge")
    judge = _judge(mnist.train)
    progress("")
    accuracy = 100 * judge.score(_flat(mnist.test.images / 255), mnist.test.labels)
    real = mnist.test.images[:SAMPLES] / 255
    binary = np.random.default_rng(0).random(real.shape) < real
    untrained = VAE(model.config).initialise(torch.Generator().manual_seed(0)).eval()
    figures = [
        Figure("the judge is right on test images", accuracy, "%", (">=", AIM_ACCURACY)),
        Figure(
            "sure of the model's prior samples",
            _sure(judge, _samples(model)),
            "%",
            (">=", AIM_SURE),
        ),
        Figure("sure of real test images", _sure(judge, real), "%"),
        Figure("sure of binary draws from them", _sure(judge, binary), "%"),
        Figure("sure of an untrained network's samples", _sure(judge, _samples(untrained)), "%"),
    ]
    notes = [
        f"{chosen.model}: {model.config.network}, z of {model.z_dim}, {model.config.likelihood}, "
        f"trained on {info.data}, epoch {info.epochs:g}; {SAMPLES:,} images each",
        f"judge: {HIDDEN} hidden units, {EPOCHS} epochs, seed 0",
    ]
    show("samples", figures, notes, as_json=chosen.json)


def _judge(images: ImageSet) -> MLPClassifier:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a few epochs are enough for 97 %
        return MLPClassifier((HIDDEN,), random_state=0, max_iter=EPOCHS).fit(_flat(images.images / 255), images.labels)


def _samples(model: VAE) -> np.ndarray:
    with torch.inference_mode():
        return model.decode(torch.from_numpy(prior_sample(SAMPLES, model.z_dim, seed=0))).mean.numpy()


def _sure(judge: MLPClassifier, images: np.ndarray) -> float:
    """Per cent of the images."""
    return 100 * float((judge.predict_proba(_flat(images)).max(axis=1) > SURE).mean())


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float32)


if __name__ == "__main__":
    main()
