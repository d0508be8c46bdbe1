"""The program as it is, brought to a moment; stop.py runs this file and ends it there.

It prints a JSON object a line: when the moment has come, and at its end the step that its run had come to.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QPoint, QSocketNotifier, QTimer
from PySide6.QtWidgets import QApplication

from vae_explorer import app, cli
from vae_explorer.data import catalog
from vae_explorer.session import session as session_module
from vae_explorer.session.state.model import SaveRequest
from vae_explorer.training.config import TrainConfig
from vae_explorer.ui.window.main_window import MainWindow

RUNS = {"loading", "training", "validating", "saving", "paused", "testing", "twice", "downloading to train"}
OFTEN = 0.2  # seconds between two checkpoints, where one is to be met


def say(word: str, **more: object) -> None:
    print(json.dumps({"at": word, **more}), flush=True)


class Moment(QObject):
    """Looks again and again whether the program is where it is wanted, and says so once."""

    def __init__(self, window: MainWindow, name: str, address: str):
        super().__init__(window)
        self._window, self._session = window, window.session
        self._name, self._address = name, address
        self._has_begun = self._has_come = False
        self._stdin = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read, self)
        self._stdin.activated.connect(self._on_asked_to_close)
        self._timer = QTimer(self, interval=10)
        self._timer.timeout.connect(self._on_timeout)
        self._timer.start()

    def _on_asked_to_close(self) -> None:
        self._stdin.setEnabled(False)
        self._window.close()

    def _on_timeout(self) -> None:
        if self._session._is_closing:
            self._timer.stop()
        elif self._session.posterior_samples.shown is not None:
            if not self._has_begun:
                self._has_begun = True
                QTimer.singleShot(0, self._begin)  # a dialog does not come back before it is closed
            if self._is_there() and not self._has_come:
                self._has_come = True
                say("moment")

    def _begin(self) -> None:
        if self._name in RUNS:
            self._train()
        elif self._name == "reading":
            self._session.data.open(Path(self._address))
        elif self._name == "downloading":
            point_at(self._address)
            self._session.jobs.start("data", "Reading", lambda: catalog.load("mnist"))
        elif self._name == "keeping":
            self._session.model.save(Path(self._address))
        elif self._name == "dialog":
            self._window.open_files()
        elif self._name == "about":
            self._window.about()
        elif self._name == "menu":
            self._window.latent.rows()[0].slider.menu_asked.emit(QPoint(50, 50))

    def _is_there(self) -> bool:
        """Also goes on doing what the moment is made of."""
        training = self._session.training
        match self._name:
            case "idle" | "loading" | "reading" | "downloading" | "downloading to train":
                return True
            case "training" | "twice":
                return bool(training.curves.epochs)
            case "paused":
                training.pause()
                return training.state == "paused"
            case "sliding":
                self._session.latent.random()
                return True
            case "sampling":
                self._session.posterior_samples.set_count(256)
                self._session.posterior_samples.resample()
                return True
            case "dialog" | "about" | "menu":
                return bool(QApplication.activeModalWidget() or QApplication.activePopupWidget())
        return False  # said from within

    def _train(self) -> None:
        """A small run; the loading one has the form's own settings."""
        data = self._address
        if self._name == "downloading to train":
            point_at(self._address)
            data = "mnist"
        config = TrainConfig(
            data=data, epochs=1 if self._name == "testing" else 10_000, batch_size=32, hidden=16, z_dim=4,
            network="mlp", precision="float32", threads=1,
        )  # fmt: skip
        if self._name == "loading":
            config = config.model_copy(update={"precision": "auto", "threads": 0})
        self._session.training.start(config)


def point_at(address: str) -> None:
    """MNIST comes from there."""
    entry = catalog.DATASETS["mnist"]
    remote = tuple(replace(file, mirrors=(address,)) for file in entry.remote)
    catalog.DATASETS["mnist"] = replace(entry, remote=remote)


def note_trainings(name: str) -> list[Any]:
    """The trainings, as they are made; and some moments are within one."""
    from vae_explorer.training import loop, trainer, training

    made: list[Any] = []

    class Noted(training.Training):
        def __init__(self, *arguments: Any, **named: Any):
            super().__init__(*arguments, **named)
            made.append(self)

        def save(self) -> None:
            if name == "saving":
                say("moment")
            super().save()

        def _test(self) -> Any:
            if name == "testing":
                say("moment")
            return super()._test()

    trainer.Training = Noted  # type: ignore[misc]
    if name in ("saving", "training", "twice"):
        training.EPOCH_CHECKPOINT_INTERVAL = OFTEN
    if name == "validating":
        validate = loop._validate

        def noted(*arguments: Any) -> Any:
            say("moment")
            return validate(*arguments)

        loop._validate = noted
    return made


def main(name: str, address: str) -> int:
    create, answer = app.create, session_module._answer
    trainings: list[list[Any]] = []

    def create_moment(*arguments: Any, **named: Any) -> MainWindow:
        window = create(*arguments, **named)
        Moment(window, name, address)
        return window

    def noted_answer(request: object) -> object:
        import torch  # noqa: F401 - loaded by now, or here

        if name == "opening" or isinstance(request, SaveRequest):
            say("moment")
        if not trainings and name in RUNS:
            trainings.append(note_trainings(name))
        return answer(request)

    app.create, session_module._answer = create_moment, noted_answer
    code = cli.run(["--size", "1440x900"])
    states = [training.state for made in trainings for training in made]
    say("end", step=states[-1].step if states else 0)
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
