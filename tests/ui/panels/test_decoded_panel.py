"""The picture under the sliders, around a session of its own."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QAbstractButton, QFileDialog

from vae_explorer.data import picture
from vae_explorer.errors import UserError
from vae_explorer.export.picture import levels
from vae_explorer.ui.panels.decoded import LOADING, DecodedPanel
from vae_explorer.ui.theme import theme
from vae_explorer.ui.widgets.image_grid import ImageGrid
from vae_explorer.ui.widgets.image_view import ImageView
from vae_explorer.ui.widgets.pixels import coloured

WAIT = 30_000  # milliseconds
Z = np.array([0.5, -1.25, 2.0], np.float32)


@pytest.fixture
def panel(session, put_on):
    return put_on(DecodedPanel(session), 420, 460)


@pytest.fixture
def path(make_model):
    return make_model()


@pytest.fixture
def shown(panel, session, qtbot):
    """What outputImage carries once the newest z and mode are there."""

    def newest():
        answer = session.decoded.shown
        return (
            answer is not None
            and np.array_equal(answer.z, session.latent.z)
            and answer.settings.mode == session.decoded.mode
        )

    def wait():
        qtbot.waitUntil(newest, timeout=WAIT)
        return panel.findChild(ImageView, "outputImage").property("value")

    return wait


@pytest.fixture
def at_z(session, open_model, path, shown):
    open_model(path)
    session.latent.set_z(Z)
    return shown()


def choose(qtbot, panel, mode):
    qtbot.mouseClick(panel.mode.button(mode), Qt.MouseButton.LeftButton)


def test_without_a_model_it_says_where_the_picture_will_be(panel, session, make_model, qtbot):
    assert "Open a model" in panel.view.accessibleDescription()
    session.model.open(str(make_model()))
    assert panel.view.accessibleDescription() == LOADING
    qtbot.waitUntil(lambda: panel.view.property("value") is not None, timeout=WAIT)
    assert panel.view.accessibleDescription() == ""


def test_it_shows_the_mean_image_of_z_in_full_precision(at_z, path, numpy_decode):
    np.testing.assert_allclose(at_z, numpy_decode(path, Z)[0], atol=1e-5)
    assert at_z.dtype == np.float32


def test_it_follows_z(at_z, path, session, shown, numpy_decode):
    for z in ([0, 0, 0], [-3, 3, 0.125]):
        session.latent.set_z(np.array(z, np.float32))
        np.testing.assert_allclose(shown(), numpy_decode(path, z)[0], atol=1e-5)


def test_sigma_is_that_of_every_pixel_with_its_scale(
    panel, session, open_model, make_model, shown, numpy_decode, qtbot
):
    path = make_model(likelihood="bernoulli")
    open_model(path)
    session.latent.set_z(Z)
    choose(qtbot, panel, "sigma")
    mean = numpy_decode(path, Z)[0]
    np.testing.assert_allclose(shown(), np.sqrt(mean * (1 - mean)), atol=1e-5)
    assert panel.scale.toolTip() == f"σ of each pixel, 0 … {np.sqrt(mean * (1 - mean)).max():.2f}"


def test_draws_are_black_and_white_and_as_likely_as_the_mean_says(
    panel, session, open_model, make_model, shown, numpy_decode, qtbot
):
    path = make_model(likelihood="bernoulli")
    open_model(path)
    session.latent.set_z(Z)
    choose(qtbot, panel, "draw")
    draws = [shown()]
    for seed in range(1, 60):
        session.decoded.draw_again()
        qtbot.waitUntil(lambda seed=seed: session.decoded.shown.settings.seed == seed, timeout=WAIT)
        draws.append(shown())
    assert np.isin(draws, (0, 1)).all()
    mean = numpy_decode(path, Z)[0]
    standard_error = np.sqrt(mean * (1 - mean) / len(draws))
    assert (np.abs(np.mean(draws, 0) - mean) < 5 * standard_error).all()


def test_draw_again_is_another_draw_of_the_same_z(panel, session, at_z, shown, qtbot):
    choose(qtbot, panel, "draw")
    first, scale = shown(), panel.scale.toolTip()
    assert not np.array_equal(first, at_z)
    qtbot.mouseClick(panel.draw, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.scale.toolTip() != scale, timeout=WAIT)
    assert not np.array_equal(shown(), first)
    np.testing.assert_array_equal(session.latent.z, Z)


def test_draw_again_goes_from_the_mean_to_a_draw(panel, session, at_z, shown, qtbot):
    qtbot.mouseClick(panel.draw, Qt.MouseButton.LeftButton)
    assert panel.mode.property("value") == "draw"
    assert not np.array_equal(shown(), at_z)


def test_the_mode_follows_the_session(panel, session, at_z):
    for mode in ("sigma", "draw", "mean"):
        session.decoded.set_mode(mode)
        assert panel.mode.property("value") == mode


def test_back_to_the_mean_is_the_same_picture(panel, at_z, shown, qtbot):
    for mode in ("draw", "sigma", "mean"):
        choose(qtbot, panel, mode)
        value = shown()
    np.testing.assert_array_equal(value, at_z)
    assert panel.scale.toolTip() == "mean image E[x|z]"


def test_sixteen_draws_of_one_z_stand_side_by_side(panel, session, at_z, qtbot):
    qtbot.mouseClick(panel.sixteen, Qt.MouseButton.LeftButton)
    grid = panel.findChild(ImageGrid, "outputDraws")
    qtbot.waitUntil(grid.isVisible, timeout=WAIT)
    draws = grid.property("value")
    assert draws.shape == (16, 1, 8, 8)
    assert len({draw.tobytes() for draw in draws}) == 16
    assert panel.mode.property("value") == "draw"
    qtbot.mouseClick(panel.sixteen, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(panel.view.isVisible, timeout=WAIT)
    assert len(session.decoded.shown.images) == 1


def test_sixteen_draws_give_way_to_the_mean(panel, session, at_z, shown, qtbot):
    qtbot.mouseClick(panel.sixteen, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(panel.grid.isVisible, timeout=WAIT)
    choose(qtbot, panel, "mean")
    qtbot.waitUntil(panel.view.isVisible, timeout=WAIT)
    assert not panel.sixteen.isChecked()
    np.testing.assert_array_equal(shown(), at_z)


def test_the_copy_is_a_png_of_the_same_pixels(panel, at_z):
    panel.copy()
    mime = QGuiApplication.clipboard().mimeData()
    read = picture.read(bytes(mime.data("image/png")), "clipboard.png")
    zoom = read.pixels.shape[0] // 8
    grey = levels(at_z[None])[0, :, :, 0]
    assert read.pixels.shape[:2] == (8 * zoom, 8 * zoom)
    np.testing.assert_array_equal(read.pixels[..., 0], np.kron(grey, np.ones((zoom, zoom), np.uint8)))
    assert mime.hasImage()


def test_sixteen_draws_are_copied_without_the_window_around_them(panel, at_z, qtbot):
    qtbot.mouseClick(panel.sixteen, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(panel.grid.isVisible, timeout=WAIT)
    assert min(panel.image().width(), panel.image().height()) > 4 * 8


def test_the_picture_is_saved_as_png(panel, session, at_z, tmp_path, monkeypatch, qtbot):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "mine"), ""))
    with qtbot.waitSignal(session.take_away.told, timeout=WAIT):
        panel.save_as()
    saved = QImage(str(tmp_path / "mine.png"))
    assert saved.size() == panel.image().size()
    first = saved.pixelColor(0, 0).red()
    assert first == coloured(at_z)[0, 0] & 0xFF


def test_a_picture_that_cannot_be_written_is_a_sentence(panel, session, at_z, tmp_path, monkeypatch, qtbot):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "none" / "mine.png"), ""))
    with qtbot.waitSignal(session.failed, timeout=WAIT) as failed:
        panel.save_as()
    assert "mine.png" in failed.args[0]
    assert str(tmp_path / "none") in failed.args[0]


def test_a_save_that_is_cancelled_writes_nothing(panel, at_z, tmp_path, monkeypatch):
    before = set(tmp_path.iterdir())
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    panel.save_as()
    assert set(tmp_path.iterdir()) == before


def test_when_decoding_fails_it_says_so_over_the_last_picture(panel, session, at_z, answering, qtbot, shown):
    def broken(_request):
        raise UserError("no memory is left")

    works, answering["decode"] = answering["decode"], broken
    session.latent.to_zero()
    qtbot.waitUntil(lambda: panel.view.accessibleDescription() != "", timeout=WAIT)
    assert panel.view.accessibleDescription() == "The picture could not be decoded: no memory is left"
    np.testing.assert_array_equal(panel.view.property("value"), at_z)
    answering["decode"] = works
    session.latent.set_z(Z + 1)
    shown()
    assert panel.view.accessibleDescription() == ""


def test_a_failure_is_also_said_over_sixteen_draws(panel, session, at_z, answering, qtbot):
    qtbot.mouseClick(panel.sixteen, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(panel.grid.isVisible, timeout=WAIT)

    def broken(_request):
        raise UserError("no memory is left")

    answering["decode"] = broken
    with qtbot.waitSignal(session.decoded.failed, timeout=WAIT):
        session.latent.to_zero()
    said = panel.grid if panel.grid.isVisible() else panel.view
    assert "no memory is left" in said.accessibleDescription()


def test_colour_pictures_are_shown_in_colour(panel, session, open_model, make_model, shown):
    open_model(make_model("colour", channels=3))
    session.latent.set_z(Z)
    assert shown().shape == (3, 8, 8)
    colour = panel.image().pixelColor(1, 1)
    wanted = levels(shown()[None])[0, 0, 0]
    assert (colour.red(), colour.green(), colour.blue()) == tuple(wanted)


def test_sixteen_draws_are_not_called_one(panel, at_z, qtbot):
    qtbot.mouseClick(panel.sixteen, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(panel.grid.isVisible, timeout=WAIT)
    assert panel.scale.toolTip() == "16 draws x ~ p(x|z)"


def test_five_draws_are_below_the_picture_of_the_same_z(panel, session, at_z, qtbot):
    panel.resize(356, 576)
    qtbot.waitUntil(lambda: panel.row.property("value") is not None and not session.draws.is_late, timeout=WAIT)
    np.testing.assert_array_equal(session.draws.shown.z, Z)
    assert panel.row.isVisible()
    assert len(panel.row.property("value")) == 5


def test_a_low_panel_has_no_draws_and_computes_none(panel, session, at_z):
    panel.resize(260, 320)
    assert not panel.row.isVisible()
    assert not session.draws.is_watched
    panel.resize(356, 576)
    assert panel.row.isVisible()
    assert session.draws.is_watched


def test_at_its_first_size_each_pixel_is_twelve_pixels(session, put_on, open_model, make_model, qtbot):
    panel = put_on(DecodedPanel(session), 356, 576)
    open_model(make_model(side=28))
    qtbot.waitUntil(lambda: "each pixel" in panel.pixels.toolTip(), timeout=WAIT)
    assert panel.pixels.toolTip() == "28 × 28, each pixel 12 × 12"
    assert panel.view.zoom == 12


def test_a_model_that_is_shown_again_can_be_copied_and_drawn_from(panel, session, at_z):
    """The signal for it is that of another model, and not that the list of them has changed."""
    controls = (panel.draw, panel.sixteen, panel.copy_button, panel.save_button)
    for control in controls:
        control.setEnabled(False)
    session.model.changed.emit()
    assert all(control.isEnabled() for control in controls)


@pytest.mark.parametrize("scale", [80, 100, 125, 150, 175, 200])
@pytest.mark.parametrize("size", [(266, 540), (356, 576)])
def test_no_button_is_cut_and_the_picture_keeps_its_least_size(panel, session, at_z, scale, size):
    theme.set_scale(scale)
    panel.resize(*size)
    panel.layout().activate()
    assert (panel.width(), panel.height()) == size  # it does not ask for more
    assert min(panel.view.width(), panel.view.height()) >= 96
    shown = [button for button in panel.findChildren(QAbstractButton) if button.isVisible()]
    assert len(shown) == 9
    places = [button.rect().translated(button.mapTo(panel, QPoint())) for button in shown]
    for at, (button, place) in enumerate(zip(shown, places, strict=True)):
        assert button.width() >= button.sizeHint().width(), button.text()
        assert button.height() >= button.sizeHint().height(), button.text()
        assert panel.rect().contains(place), button.text()
        assert not any(place.intersects(other) for other in places[at + 1 :]), button.text()


def test_the_picture_can_be_asked_to_stay_larger(panel, at_z):
    panel.set_least(224)
    panel.resize(panel.minimumSizeHint())
    assert min(panel.view.width(), panel.view.height()) >= 224
