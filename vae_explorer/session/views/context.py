"""What the nouns of the views share."""

from dataclasses import dataclass

from vae_explorer.session.jobs.jobs import JobsSession
from vae_explorer.session.state.image import ImageSession
from vae_explorer.session.state.latent import LatentSession
from vae_explorer.session.state.model import ModelSession
from vae_explorer.session.threads.latest import Latest
from vae_explorer.session.training import TrainingSession
from vae_explorer.session.views.data_posteriors import DataPosteriorsSession


@dataclass(frozen=True)
class Context:
    """What a view's noun may use of the session."""

    model: ModelSession
    latent: LatentSession
    image: ImageSession
    training: TrainingSession
    jobs: JobsSession
    posteriors: DataPosteriorsSession
    thread: Latest  # of all views, which long ones share in slices
