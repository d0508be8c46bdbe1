"""What is written over the window while something hangs over it."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from vae_explorer.ui.drop.overlay import DropOverlay
from vae_explorer.ui.theme import theme


def test_it_covers_the_window_says_the_promise_and_lets_the_drop_through(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(600, 400)
    overlay = DropOverlay(window)
    window.show()
    assert not overlay.isVisible()
    overlay.show_promise("Drop to encode 3 images")
    assert overlay.isVisible()
    assert overlay.geometry() == window.rect()
    assert overlay.accessibleDescription() == "Drop to encode 3 images"
    assert overlay.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    assert window.childAt(300, 200) is None
    window.resize(800, 500)
    assert overlay.geometry() == window.rect()


def test_the_accent_says_whether_it_would_be_taken(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(600, 400)
    overlay = DropOverlay(window)

    def accents():
        shot = window.grab().toImage()
        accent = QColor(theme.colours.accent)
        return sum(shot.pixelColor(x, theme.pixels(12)) == accent for x in range(600))

    window.show()
    overlay.show_promise("Drop to encode three.jpg")
    assert accents() > 100
    overlay.show_promise("A web address cannot be dropped", accepted=False)
    assert accents() == 0


def test_a_long_promise_fits_a_small_window(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(120, 80)
    overlay = DropOverlay(window)
    window.show()
    overlay.show_promise("Drop to open the model " + "x" * 300)
    window.grab()


def test_a_closed_overlay_no_longer_listens_to_the_theme(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    DropOverlay(window).deleteLater()
    qtbot.wait(1)
    theme.changed.emit()
