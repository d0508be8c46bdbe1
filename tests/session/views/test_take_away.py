"""What is taken away: names that every system takes, and commands that make the same."""

import json
import shlex

import numpy as np
import pytest
from PIL import Image

from vae_explorer import cli
from vae_explorer.errors import UserError
from vae_explorer.export.file import file_name
from vae_explorer.export.picture import levels
from vae_explorer.session.records import Origin

TIMEOUT = 30_000  # milliseconds


@pytest.fixture
def line_of(opened, qtbot):
    """The line that a command is copied as, once the image that it names is there."""

    def line(command):
        lines = []
        opened.take_away.hand_over(command, lines.append)
        qtbot.waitUntil(lambda: bool(lines), timeout=TIMEOUT)
        return lines[0]

    return line


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Types a line into a terminal whose folder is empty; gives what it prints as JSON."""
    monkeypatch.chdir(tmp_path)

    def typed(line):
        program, *arguments = shlex.split(line)
        assert program == "vae-explorer"
        code = cli.run([*arguments, *(["--json"] if "--json" not in arguments else [])])
        printed = capsys.readouterr()
        assert code == 0, printed.err
        return json.loads(printed.out)

    return typed


def test_a_name_is_image_model_and_what(opened):
    image = opened.image.pictures[opened.image.image].name
    assert opened.take_away.name("posterior samples") == f"{image} – {opened.model.current.name} – posterior samples"
    assert opened.take_away.name("prior samples", of_image=False) == f"{opened.model.current.name} – prior samples"


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (["a/b\\c:d*?", "m"], "a_b_c_d_ – m"),
        (["", "mnist", "draws"], "mnist – draws"),
        (["con"], "_con"),
        (["seven. ", " m "], "seven – m"),
        ([], "_"),
    ],
)
def test_a_name_has_only_what_every_file_system_takes(parts, name):
    assert file_name(parts) == name


def test_a_long_name_still_fits_into_a_file_system():
    assert len(f"{file_name(['é' * 300, 'm'])}.png".encode()) <= 255


def test_the_command_of_the_mean_image_makes_it(opened, settled, line_of, run, tmp_path):
    opened.latent.random()
    settled()
    run(line_of(opened.take_away.decode_command(opened.decoded.shown)))
    (written,) = tmp_path.glob("*.png")
    np.testing.assert_array_equal(np.asarray(Image.open(written)), levels(opened.decoded.shown.images)[0, :, :, 0])


def test_its_z_is_exactly_that_of_the_sliders(opened, settled, line_of, run):
    opened.latent.set_z(np.float32([-1e-7, 0.1, -2.3456789, 1e3 / 3]))
    settled()
    printed = run(line_of(opened.take_away.decode_command(opened.decoded.shown)))
    np.testing.assert_array_equal(np.float32(printed["z"]), opened.latent.z)


def test_the_command_of_a_draw_draws_the_same(opened, qtbot, line_of, run, tmp_path):
    opened.decoded.draw_again()
    qtbot.waitUntil(lambda: opened.decoded.shown.settings.mode == "draw", timeout=TIMEOUT)
    run(line_of(opened.take_away.decode_command(opened.decoded.shown)))
    (written,) = tmp_path.glob("*.png")
    np.testing.assert_array_equal(np.asarray(Image.open(written)), levels(opened.decoded.shown.images)[0, :, :, 0])


def test_the_command_of_posterior_samples_gives_their_z_and_mu(opened, at_rest, line_of, run, qtbot):
    opened.posterior_samples.resample()
    qtbot.waitUntil(lambda: at_rest(opened.posterior_samples), timeout=TIMEOUT)
    line = line_of(opened.take_away.samples_command(opened.posterior_samples))
    (printed,) = run(line)["images"]
    np.testing.assert_allclose(printed["samples"], opened.posterior_samples.shown.z, atol=1e-5)
    np.testing.assert_allclose(printed["mu"], opened.image.posterior.mu, atol=1e-5)


def test_also_with_a_step_switched_and_of_an_image_that_was_pasted(opened, settled, strokes, line_of, run, qtbot):
    opened.image.open([Origin("pasted", strokes[0].read_bytes())])
    qtbot.waitUntil(lambda: opened.image.pictures[opened.image.image].name == "pasted", timeout=TIMEOUT)
    settled()
    opened.image.set_switch("centre", True)
    settled()
    (printed,) = run(line_of(opened.take_away.posterior_command()))["images"]
    np.testing.assert_allclose(printed["mu"], opened.image.posterior.mu, atol=1e-5)


def test_a_file_as_it_came_is_named_itself(opened, settled, strokes, line_of, run, qtbot):
    opened.open([strokes[3]])
    qtbot.waitUntil(lambda: opened.image.pictures[opened.image.image].path == strokes[3], timeout=TIMEOUT)
    settled()
    line = line_of(opened.take_away.image_command())
    assert str(strokes[3]) in shlex.split(line)
    (printed,) = run(line)["images"]
    np.testing.assert_allclose(printed["mu"], opened.image.posterior.mu, atol=1e-5)


def test_where_a_command_would_prepare_the_image_in_another_way_it_is_refused(opened, settled, qtbot):
    opened.image.set_switch("binarise", False)  # its x is grey, and a command would binarise it
    settled()
    with qtbot.waitSignal(opened.failed, timeout=TIMEOUT) as failed:
        opened.take_away.hand_over(opened.take_away.posterior_command(), pytest.fail)
    assert "No command prepares the image in this way" in failed.args[0]


def test_the_command_of_prior_samples_gives_their_z(opened, qtbot, line_of, run):
    opened.prior_samples.set_watched(True)
    opened.prior_samples.set_temperature(0.7)
    opened.prior_samples.set_count(5)
    qtbot.waitUntil(
        lambda: opened.prior_samples.shown is not None and len(opened.prior_samples.shown.z) == 5, timeout=TIMEOUT
    )
    printed = run(line_of(opened.take_away.prior_command(opened.prior_samples)))
    np.testing.assert_allclose(printed["z"], opened.prior_samples.shown.z, atol=1e-5)


def test_the_command_of_the_evidence_gives_the_figures(opened, qtbot, line_of, run):
    opened.evidence.set_importance_samples(200)
    opened.evidence.redraw()
    opened.evidence.set_watched(True)
    qtbot.waitUntil(lambda: opened.evidence.shown is not None and opened.evidence.shown.is_whole, timeout=TIMEOUT)
    (printed,) = run(line_of(opened.take_away.evidence_command(opened.evidence)))["images"]
    for name in ("elbo", "reconstruction", "log_evidence"):
        assert printed[name] == pytest.approx(getattr(opened.evidence.shown, name), abs=1e-5), name


def test_what_no_command_makes_is_a_sentence(opened, settled, qtbot):
    opened.posterior_samples.set_multiplier(3)
    with pytest.raises(UserError, match="σ × 3 is not q"):
        opened.take_away.samples_command(opened.posterior_samples)
    opened.decoded.set_mode("sigma")
    qtbot.waitUntil(lambda: opened.decoded.shown.settings.mode == "sigma", timeout=TIMEOUT)
    with pytest.raises(UserError, match="No command makes the picture of σ"):
        opened.take_away.decode_command(opened.decoded.shown)
    settled()
    opened.posterior_samples.set_multiplier(1)
    opened.posterior_samples.set_keeps_eps(True)
    opened.image.step(1)
    settled()
    with pytest.raises(UserError, match="ε of another image"):
        opened.take_away.samples_command(opened.posterior_samples)


def test_a_file_is_written_and_its_folder_remembered(opened, tmp_path, qtbot):
    folders = []
    opened.take_away.folder_changed.connect(lambda: folders.append(opened.take_away.folder))
    with qtbot.waitSignal(opened.take_away.told, timeout=TIMEOUT) as told:
        opened.take_away.write(tmp_path / "plot.svg", b"<svg/>")
    assert (tmp_path / "plot.svg").read_bytes() == b"<svg/>"
    assert told.args == ["Saved: plot.svg"]
    assert folders == [tmp_path]


def test_a_folder_that_is_gone_is_not_where_a_dialog_begins(opened, tmp_path):
    opened.take_away.set_folder(tmp_path / "gone")
    assert opened.take_away.folder != tmp_path / "gone"


def test_what_cannot_be_written_is_a_sentence(opened, tmp_path, qtbot):
    with qtbot.waitSignal(opened.failed, timeout=TIMEOUT) as failed:
        opened.take_away.write(tmp_path / "none" / "plot.svg", b"<svg/>")
    assert failed.args[0].startswith("There is no folder")


def test_pixels_as_a_table_are_in_full_precision(opened):
    images = opened.decoded.shown.images
    head, *lines = opened.take_away.csv_of_pixels(images).splitlines()
    assert head.split(",")[:5] == ["line", "picture", "channel", "row", "0"]
    assert len(lines) == 28
    np.testing.assert_array_equal(np.float32(lines[5].split(",")[4:]), images[0, 0, 5])
