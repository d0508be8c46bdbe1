"""The images that were brought in, and the posterior of the chosen one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal

from vae_explorer.session.pictures import MAX_IMAGES, ReadPictures, ReadRequest
from vae_explorer.session.records import Encoded, ImageSettings, Origin, Snapshot
from vae_explorer.session.state.latent import LatentSession
from vae_explorer.session.state.model import ModelSession, origins_of
from vae_explorer.session.state.undo import Change
from vae_explorer.session.state.workspace import Choice, Workspace
from vae_explorer.session.threads.latest import Latest, Place

if TYPE_CHECKING:
    from vae_explorer.data.photo.frame import Frame
    from vae_explorer.data.picture import Picture

REASONS_SHOWN = 3  # of the images that could not be used


@dataclass(frozen=True, eq=False)
class EncodeRequest:
    snapshot: Snapshot
    image: int  # the entry's number
    picture: "Picture" = field(repr=False)
    settings: ImageSettings = field(default_factory=ImageSettings)


class ImageSession(QObject):
    """Brings images in, chooses one, encodes it with the newest weights.

    Signals:
        images_changed(): the strip or the chosen image has changed; the values are `images` and `image`
        frame_changed(): the frame on the chosen image was moved, or another one was found; the value is `frame`
        encoded(): the chosen image has a new posterior; the value is `posterior`
        data_missed(): one of the images of the model's data was asked for, and the model has none
        refused(sentence: str): some could not be used
        failed(sentence: str): the chosen image could not be encoded
    """

    images_changed = Signal()
    frame_changed = Signal()
    encoded = Signal()
    data_missed = Signal()
    refused = Signal(str)
    failed = Signal(str)

    def __init__(self, model: ModelSession, latent: LatentSession, thread: Latest, parent: QObject | None = None):
        super().__init__(parent)
        self._model, self._latent, self._thread = model, latent, thread
        self._numbers = count(1)
        self._strip: tuple[int, ...] = ()  # of the model shown last
        self._chosen: int | None = None  # in that strip
        self._reading = 0  # requests
        self._gripped: tuple[Workspace, Choice] | None = None  # as it was when the gesture on the frame began
        self._random = np.random.default_rng()
        self.pictures: dict[int, Picture] = {}
        self.thumbnails: dict[int, np.ndarray] = {}  # uint8 [3, h, w], all of one size
        self.brought: set[int] = set()  # by the user; the others came with a model
        model.changed.connect(self._on_model_changed)
        model.closed.connect(self._forget)
        latent.refreshed.connect(self._ask)

    @property
    def is_reading(self) -> bool:
        """Whether images that the user added are still being read."""
        return self._reading > 0

    @property
    def images(self) -> tuple[int, ...]:
        """The strip, by the images' numbers."""
        return self._model.current.images if self._model.current else ()

    @property
    def image(self) -> int | None:
        """The chosen image's number."""
        return self._model.current.image if self._model.current else None

    @property
    def posterior(self) -> Encoded | None:
        """q(z|x) of the chosen image; None until it is computed."""
        return self._model.current.chosen if self._model.current else None

    @property
    def settings(self) -> ImageSettings:
        """What the user has set for the chosen image."""
        workspace = self._model.current
        return self._settings(workspace) if workspace else ImageSettings()

    @property
    def frame(self) -> "Frame | None":
        """What the model is shown of the chosen image: the frame that was set, or the one that was found; None until
        it is."""
        found = self.posterior
        if self.settings.frame is not None or found is None:
            return self.settings.frame
        return found.frame if found.settings.frame is None else found.candidates[0]

    @property
    def is_frame_held(self) -> bool:
        """Whether a gesture on the frame is under way."""
        return self._gripped is not None

    def csv(self) -> str:
        """q(z|x) of the chosen image as a table, a line for each dimension, in full precision; empty where there is
        none."""
        from vae_explorer.export.table import csv_of

        shown = self.posterior
        if shown is None:
            return ""
        columns = {"z": shown.mu}
        if shown.kl_per_dimension is not None:
            columns = {"mu": shown.mu, "sigma": shown.sigma, "kl": shown.kl_per_dimension}
        return csv_of(columns, index="dimension")

    def open(self, origins: Sequence[Origin]) -> None:
        """Brings images in and chooses the first of them; a model that is being opened comes first."""
        if origins:
            self._reading += 1
            self.images_changed.emit()
            workspace = self._model.current
            lineage = workspace.lineage if workspace and not self._model.is_opening else 0  # 0: the model shown by then
            request = ReadRequest(tuple(origins), lineage)
            place = Place(request)  # each is read
            self._thread.ask(request, self._take, self._on_read_failed, place=place)

    def open_test_image(self) -> None:
        """Brings in any one of the images of the model's data."""
        workspace = self._model.current
        if workspace and workspace.data:
            self.open(origins_of(workspace.data, [int(self._random.integers(len(workspace.data)))]))
        elif workspace:
            self.data_missed.emit()

    def choose(self, image: int) -> None:
        workspace = self._model.current
        if workspace and image in workspace.images and image != workspace.image:
            self._push("Choose image", workspace.images, image)

    def step(self, by: int) -> None:
        """Chooses the next image (1) or the one before (−1)."""
        if self.images and self.image in self.images:
            at = self.images.index(self.image) + by
            if 0 <= at < len(self.images):
                self.choose(self.images[at])

    def remove(self, image: int) -> None:
        """Takes an image out of the strip."""
        workspace = self._model.current
        if workspace and image in workspace.images:
            at = workspace.images.index(image)
            left = workspace.images[:at] + workspace.images[at + 1 :]
            chosen = workspace.image if workspace.image != image else (left[min(at, len(left) - 1)] if left else None)
            self._push("Remove image", left, chosen)

    def set_switch(self, step: str, on: bool) -> None:
        """Switches a step of the chosen image's preparation."""
        workspace = self._model.current
        if workspace and workspace.image is not None:
            now = self._settings(workspace)
            settings = now.model_copy(update={"switches": {**now.switches, step: on}})
            self._push(f"Switch {step}", workspace.images, workspace.image, settings)

    def grip_frame(self) -> None:
        """Begins a gesture: what happens until `release_frame` is one entry of the history."""
        workspace = self._model.current
        if workspace and workspace.image is not None and self._gripped is None:
            self._gripped = workspace, workspace.choice

    def set_frame(self, frame: "Frame | None") -> None:
        """Shows the model this part of the chosen image, None: what is found in it; as one gesture, or as part of the
        current one."""
        workspace = self._model.current
        if workspace is None or workspace.image is None or frame == self._settings(workspace).frame:
            return
        settings = self._settings(workspace).model_copy(update={"frame": frame})
        if self._gripped is None:
            self._push("Frame", workspace.images, workspace.image, settings)
        else:
            workspace.settings = {**workspace.settings, workspace.image: settings}
            workspace.follows_mu = True
            self.frame_changed.emit()
            self._ask()

    def release_frame(self, *, take_back: bool = False) -> None:
        """Ends a gesture; the frame stays, or is where it was before."""
        gripped, self._gripped = self._gripped, None
        if gripped is None or gripped[0] is not self._model.current:
            return
        workspace, before = gripped
        if take_back or workspace.settings == before.settings:
            self._put(before)
        else:
            workspace.undo.push(Change("Frame", before, workspace.choice, self._put))

    def turn_frame(self) -> None:
        """Turns what is in the frame by 90° clockwise."""
        if (frame := self.frame) is not None:
            self.set_frame(frame.model_copy(update={"turns": (frame.turns + 1) % 4}))

    def _push(
        self,
        text: str,
        images: tuple[int, ...],
        image: int | None,
        settings: ImageSettings | None = None,
    ) -> None:
        """settings: of that image, if they are others than before."""
        workspace = self._model.current
        assert workspace is not None
        self.release_frame()
        before, of_all = workspace.choice, workspace.settings
        if settings is not None and image is not None:
            of_all = {**of_all, image: settings}
        after = Choice(images, image, workspace.z, True, of_all)
        workspace.undo.push(Change(text, before, after, self._put))

    def _put(self, choice: Choice) -> None:
        workspace, self._gripped = self._model.current, None
        if workspace is None:
            return
        workspace.images, workspace.image = choice.images, choice.image
        workspace.settings, workspace.follows_mu = choice.settings, choice.follows_mu
        if not choice.follows_mu:
            workspace.z = choice.z.copy()
            self._latent.changed.emit()
        self._show(workspace)

    def _show(self, workspace: Workspace) -> None:
        self._strip, self._chosen = workspace.images, workspace.image
        self.images_changed.emit()
        self.frame_changed.emit()
        if workspace.chosen:
            self._latent.follow_mu()
            self.encoded.emit()
        self._ask()

    def _ask(self) -> None:
        workspace = self._model.current
        if workspace is None or workspace.image is None or not workspace.snapshot.card.can("encode"):
            return
        newest, settings = workspace.chosen, self._settings(workspace)
        if newest is None or newest.number != workspace.snapshot.number or newest.settings != settings:
            request = EncodeRequest(workspace.snapshot, workspace.image, self.pictures[workspace.image], settings)
            place = Place(EncodeRequest, workspace.lineage)
            self._thread.ask(request, self._on_encoded, self._on_encode_failed, place=place)

    @staticmethod
    def _settings(workspace: Workspace) -> ImageSettings:
        return workspace.settings.get(workspace.image or 0, ImageSettings())

    def _on_model_changed(self) -> None:
        workspace = self._model.current
        if workspace is None:
            self.images_changed.emit()
            return
        if workspace.examples:  # they come after the images that the user has added to the strip
            kept = [image for image in self._strip if image in self.brought]
            workspace.images = (*kept, *self._keep(workspace.examples))
            workspace.image = self._chosen if self._chosen in kept else next(iter(workspace.images), None)
            workspace.examples = None
        self._show(workspace)
        self._forget()

    def _on_encoded(self, answer: Encoded) -> None:
        workspace = self._model.workspaces.get(answer.lineage)
        if workspace is not None:
            workspace.encoded[answer.image] = answer
            if workspace is self._model.current and workspace.image == answer.image:
                self._latent.follow_mu()
                self.encoded.emit()
                if answer.settings.frame is None:
                    self.frame_changed.emit()

    def _on_encode_failed(self, sentence: str) -> None:
        self.failed.emit(f"The image could not be encoded: {sentence}")

    def _take(self, answer: ReadPictures) -> None:
        self._reading -= 1
        workspace = self._model.workspaces.get(answer.request.lineage, self._model.current)
        if workspace is None:
            self.images_changed.emit()
            self.refused.emit("There is no model to encode images with: open one first")
            return
        room = max(0, MAX_IMAGES - len(workspace.images))
        numbers = self._keep(answer, room)
        self.brought.update(numbers)
        if numbers and workspace is self._model.current:
            self._push("Bring images in", (*numbers, *workspace.images), numbers[0])
        else:
            if numbers:  # another model is now shown, and its history is the active one
                workspace.images, workspace.image = (*numbers, *workspace.images), numbers[0]
                workspace.follows_mu = True
            self.images_changed.emit()
        self._forget()
        refused = [*answer.refused, *(f"{p.name}: the strip holds {MAX_IMAGES}" for p in answer.pictures[room:])]
        if refused:
            self.refused.emit(_refusal(refused, len(answer.request.origins)))

    def _keep(self, read: ReadPictures, room: int = MAX_IMAGES) -> tuple[int, ...]:
        """The numbers that the pictures get."""
        numbers = []
        for picture, thumbnail in list(zip(read.pictures, read.thumbnails, strict=True))[:room]:
            number = next(self._numbers)
            self.pictures[number], self.thumbnails[number] = picture, thumbnail
            numbers.append(number)
        return tuple(numbers)

    def _forget(self) -> None:
        """Frees the images that are in no strip and that no undo can bring back."""
        workspaces = self._model.workspaces.values()
        kept = set(self._strip).union(*(workspace.images_in_use() for workspace in workspaces))
        self.brought &= kept
        self.pictures = {number: picture for number, picture in self.pictures.items() if number in kept}
        self.thumbnails = {number: thumbnail for number, thumbnail in self.thumbnails.items() if number in kept}
        for workspace in workspaces:
            workspace.encoded = {number: encoded for number, encoded in workspace.encoded.items() if number in kept}

    def _on_read_failed(self, sentence: str) -> None:
        self._reading -= 1
        self.images_changed.emit()
        self.refused.emit(f"The image could not be read: {sentence}")


def _refusal(reasons: list[str], of: int) -> str:
    shown = "; ".join(reasons[:REASONS_SHOWN])
    more = f"; and {len(reasons) - REASONS_SHOWN} more" if len(reasons) > REASONS_SHOWN else ""
    return f"{shown}{more}" if of == 1 else f"{of - len(reasons)} of {of} used: {shown}{more}"
