"""All answers, registered by the types of their requests. Brings torch, so only a thread imports it."""

import torch

from vae_explorer.session.answers import aggregate, decoded, encoded, evidence, files, samples  # noqa: F401 - register
from vae_explorer.session.answers.answer import answer as answer_of


def answer(request: object) -> object:
    """The answer of the function that is registered for such requests."""
    torch.set_num_threads(1)  # belongs to the calling thread; more is slower for one picture, and during training
    return answer_of(request)
