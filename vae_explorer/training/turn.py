"""Whether a photo lies on its side, which no rule about pixels can tell: asked of the model."""

import numpy as np
import torch

from vae_explorer.core.card import ModelCard
from vae_explorer.core.evidence import bounds
from vae_explorer.core.judgement import turn_doubt
from vae_explorer.core.model import Model
from vae_explorer.data.preparation import Preparation
from vae_explorer.data.preprocess import Prepared, to_x


@torch.inference_mode()
def doubt_about_turn(model: Model, card: ModelCard, prepared: Prepared, preparation: Preparation) -> str:
    """One sentence where the figure of a photo is much likelier on another side, else "". Only of figures that were
    looked for: where x is the picture as it came, it is as the user wants it."""
    _, height, width = preparation.image_shape
    is_cut = any(step.name == "crop" and step.on for step in prepared.steps)
    if height != width or preparation.box is None or not (is_cut and card.can("spread")):
        return ""
    sides = np.stack([np.rot90(prepared.grey, -turns, (1, 2)) for turns in range(4)])
    found = [bound.elbo for bound in bounds(model, torch.from_numpy(to_x(sides, preparation))) if bound]
    return turn_doubt([elbo for elbo in found if elbo is not None])
