"""What is being trained: data, model, parameters, objective and algorithm, in the lecture's words."""

from collections.abc import Set

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from vae_explorer.session.training import RunFacts
from vae_explorer.training.config import TrainConfig
from vae_explorer.ui.theme import UNIT
from vae_explorer.ui.widgets.numbers import counted

Abilities = Set[str]


class WhatIsTrained(QFrame):
    """A page that can be folded away, made from the config itself."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, UNIT)
        self.text = QLabel()
        self.text.setObjectName("whatIsTrained")
        self.text.setWordWrap(True)
        self.text.setMinimumWidth(1)
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout.addWidget(self.text)

    def show_config(self, config: TrainConfig, abilities: Abilities, facts: RunFacts | None) -> None:
        parts = described(config, abilities, facts)
        self.text.setText("".join(f"<p><b>{title}</b><br>{text}</p>" for title, text in parts))


def described(config: TrainConfig, abilities: Abilities, facts: RunFacts | None) -> list[tuple[str, str]]:
    """Title and text of each part. The abilities are those of the model; the facts are known once the images are
    loaded."""
    return [
        ("Data", _data(config, facts)),
        ("Model", _model(config, abilities)),
        ("Parameters", _parameters(abilities, facts)),
        ("Objective", _objective(config, abilities)),
        ("Algorithm", _algorithm(config, abilities, facts)),
    ]


def _data(config: TrainConfig, facts: RunFacts | None) -> str:
    if facts is None:
        kept = f"{config.validation_images:,}" if config.validation_images else "10 %"
        return f"{config.data}; {kept} of the training images are kept for validation"
    return (
        f"{config.data}: {facts.train_images:,} training and {facts.validation_images:,} validation images, "
        f"{facts.image_shape}"
    )


def _model(config: TrainConfig, abilities: Abilities) -> str:
    pixel = {
        "bernoulli": "each pixel is black or white: Bernoulli(f(z))",
        "gaussian": "each pixel is N(f(z), σ²)",
    }[config.likelihood]
    if "posterior" not in abilities:
        return (
            f"A plain autoencoder: one z(x) with {counted(config.z_dim, 'dimension')}, {pixel}. "
            f"No prior and no q(z|x), so it cannot generate. "
            f"Both networks: {config.network}, {config.hidden} hidden units"
        )
    return (
        f"p(x, z) = p(z) p(x|z), p(z) = N(0, I) with {counted(config.z_dim, 'dimension')}; p(x|z): {pixel}.<br>"
        f"q(z|x) = N(μ(x), diag σ²(x)). Both networks: {config.network}, {config.hidden} hidden units"
    )


def _parameters(abilities: Abilities, facts: RunFacts | None) -> str:
    encoder = "q(z|x)" if "posterior" in abilities else "z(x)"
    if facts is None:
        return f"θ of the decoder p(x|z), φ of the encoder {encoder}; counted when the images are loaded"
    return f"θ, the decoder p(x|z): {facts.theta:,}<br>φ, the encoder {encoder}: {facts.phi:,}"


def _objective(config: TrainConfig, abilities: Abilities) -> str:
    beta = "" if config.beta == 1 else f"{config.beta:g} · "
    kl = f"{beta}½ Σ (σ² + μ² − 1 − log σ²)"
    if config.likelihood == "bernoulli":
        fit = "Σ −log Bernoulli(x; f(z))"
    elif config.sigma == "lecture":
        fit = "‖x − f(z)‖² + constant, since σ² = ½"
    else:
        fit = "‖x − f(z)‖² / 2σ² + d/2 · log 2πσ²"
    warm_up = f"<br>β grows from 0 over the first {config.warm_up:g} epochs" if config.warm_up else ""
    if "elbo" not in abilities:
        return f"minimise {fit}, nothing else"
    return f"minimise {fit} + {kl}{warm_up}"


def _algorithm(config: TrainConfig, abilities: Abilities, facts: RunFacts | None) -> str:
    binary = ", each pixel drawn black or white" if config.likelihood == "bernoulli" else ""
    where = f" on {facts.device}" if facts else ""
    falling = ", falling to 0 as a cosine" if config.schedule == "cosine" else ""
    figure = "ELBO" if "elbo" in abilities else "log p(x|z)"
    patience = f", or until {config.patience} epochs do not improve the validation {figure}" if config.patience else ""
    encode = ("μ(x), σ(x)", "z = μ + σ · ε, one ε ~ N(0, I) for each image")
    if "posterior" not in abilities:
        encode = ("z(x)", "no noise: z = z(x)")
    return (
        f"1. take {counted(config.batch_size, 'image')} x{binary}<br>"
        f"2. encode: {encode[0]}<br>"
        f"3. {encode[1]}<br>"
        "4. decode: f(z); the objective and its gradient in θ and φ<br>"
        f"5. a step of Adam, learning rate {config.learning_rate:g}{falling}; "
        f"repeat for {counted(config.epochs, 'epoch')}{patience}{where}"
    )
