"""The pictures of the posterior samples, in which a new draw shows what it has changed."""

import numpy as np
from PySide6.QtCore import Property, QTimer
from PySide6.QtGui import QHideEvent

from vae_explorer.session.threads.guard import guarded
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.image_grid import ImageGrid

STEPS, INTERVAL = 14, 50  # of the fading colour: how many, and milliseconds between them


class PosteriorGrid(ImageGrid):
    """`value` is the decoded images, whatever is shown of them: themselves, or their difference from the mean."""

    def __init__(self) -> None:
        super().__init__(item="sample")
        self.setObjectName("posteriorSamples")
        self.setAccessibleName("Posterior samples")
        self.samples: np.ndarray | None = None  # float32 [n, c, h, w]
        self._changed: np.ndarray | None = None  # float32 [n, 1, h, w] in [0, 1]
        self._step = 0
        self._timer = QTimer(self, interval=INTERVAL)
        self._timer.timeout.connect(self._fade)

    def _get_samples(self) -> np.ndarray | None:
        return self.samples

    value = Property(object, _get_samples)

    def show_samples(self, images: np.ndarray | None, mean: np.ndarray | None = None) -> None:
        """images: [n, c, h, w], None: none. mean: [c, h, w], for the difference from it in place of the pictures."""
        self._timer.stop()
        self.samples = images
        if images is None or mean is None:
            self.set_colours("grey")
            self.set_images(images)
        else:
            away = images - mean
            self.set_colours("diverging", float(np.abs(away).max()) or 1.0)
            self.set_images(away)

    def flash(self, before: np.ndarray) -> None:
        """Colours for a moment what differs from the images before, [n, c, h, w]: samples of a narrow posterior look
        the same otherwise. The largest difference has the full colour."""
        if self.samples is None or before.shape != self.samples.shape or not self.isVisible():
            return
        changed = np.abs(self.samples - before).mean(axis=1, keepdims=True)
        self._changed, self._step = np.sqrt(changed / (float(changed.max()) or 1.0)), 0  # small ones are seen too
        self._fade()
        self._timer.start()

    @property
    def is_flashing(self) -> bool:
        return self._timer.isActive()

    @guarded()
    def hideEvent(self, event: QHideEvent) -> None:
        if self.is_flashing:
            self.show_samples(self.samples)

    def _fade(self) -> None:
        if self.samples is None or self._changed is None or self._step == STEPS:
            self.show_samples(self.samples)
            return
        share = self._changed * (1 - self._step / STEPS)
        colour = np.array(theme.colour("eps").getRgb(), np.float32)[:3, None, None] / 255
        self.set_images(self.samples + share * (colour - self.samples))
        self._step += 1
