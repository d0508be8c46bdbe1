"""The form that is made from the config."""

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QSpinBox, QToolTip, QWidget

from vae_explorer.training.config import TrainConfig
from vae_explorer.ui.panels.training.config_form import FIRST, ConfigForm

OTHER = {
    "data": "fashion-mnist",
    "kind": "autoencoder",
    "z_dim": 3,
    "network": "conv",
    "hidden": 77,
    "likelihood": "gaussian",
    "sigma": 0.25,
    "beta": 4.5,
    "epochs": 2,
    "batch_size": 64,
    "learning_rate": 3e-4,
    "schedule": "cosine",
    "warm_up": 1.5,
    "patience": 4,
    "validation_images": 5,
    "seed": 9,
    "device": "cpu",
    "threads": 1,
    "precision": "float32",
    "size": 32,
    "fit": "pad",
    "background": "white",
    "black": -1.0,
    "white": 4095.0,
    "limit": 1000,
}


@pytest.fixture
def form(put_on):
    return put_on(ConfigForm(TrainConfig()), 320, 500)


@pytest.mark.parametrize("name", list(TrainConfig.model_fields))
def test_every_field_of_the_config_has_a_row_with_a_title_and_a_tooltip(form, name):
    info, field = TrainConfig.model_fields[name], form.field(name)
    assert field.toolTip() == info.description
    assert field.accessibleName() == info.title
    titles = [label for label in form.findChildren(QLabel) if label.buddy() is field]
    assert [label.text() for label in titles] == [info.title]
    assert form.findChild(QWidget, "trainData" if name == "data" else f"train_{name}") is field


def test_every_field_of_the_config_has_a_value_here_that_is_not_the_default():
    assert OTHER.keys() == TrainConfig.model_fields.keys()
    assert all(getattr(TrainConfig(), name) != value for name, value in OTHER.items())


def test_untouched_it_is_the_default_config(form):
    assert form.config() == TrainConfig()


def test_what_is_put_in_comes_out(form):
    form.set_config(TrainConfig(**OTHER))
    assert form.config() == TrainConfig(**OTHER)


@pytest.mark.parametrize("name", [name for name in OTHER if name != "data"])
def test_each_row_changes_its_field_alone_and_says_so(form, qtbot, name):
    field, value = form.field(name), OTHER[name]
    with qtbot.waitSignal(form.changed, timeout=1000):
        if isinstance(field, QSpinBox):
            field.setValue(value)
        elif isinstance(field, QLineEdit):
            field.selectAll()
            qtbot.keyClicks(field, str(value))
        else:
            assert isinstance(field, QComboBox)
            field.setCurrentText(str(value))
    assert form.config() == TrainConfig(**{name: value})


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("beta", "", "β must be a number, got nothing"),
        ("beta", "-1", "β must be at least 0, got −1"),
        ("beta", "−1", "β must be at least 0, got −1"),
        ("beta", "1e9", "β must be at most 1000, got 1e9"),
        ("beta", "much", "β must be a number, got much"),
        ("learning_rate", "0", "Learning rate must be more than 0, got 0"),
        ("learning_rate", "nan", "Learning rate must be at most 1, got nan"),
        ("warm_up", "1e9", "KL warm-up must be at most 100000, got 1e9"),
        ("sigma", "wide", "Pixel σ must be learned or lecture, or a number, got wide"),
        ("sigma", "0.0001", "Pixel σ must be learned or lecture, or at least 0.00392157, got 0.0001"),
        ("sigma", "0,,1", "Pixel σ must be learned or lecture, or a number, got 0,,1"),
    ],
)
def test_what_cannot_be_is_one_plain_sentence_that_names_the_row(form, name, text, sentence):
    field = form.field(name)
    (field.setCurrentText if isinstance(field, QComboBox) else field.setText)(text)
    with pytest.raises(ValueError, match=r"^.+ must be .+, got ") as raised:
        form.config()
    assert str(raised.value) == sentence


@pytest.mark.parametrize("name", ["sigma", "beta", "learning_rate"])
@pytest.mark.parametrize("text", ["0,25", " 0.25 ", ",25"])
def test_a_number_is_typed_with_comma_or_point(form, qtbot, name, text):
    form.set_field("likelihood", "gaussian")
    form.more.click()
    field = form.field(name)
    field.setFocus()
    (field.lineEdit() if isinstance(field, QComboBox) else field).selectAll()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert getattr(form.config(), name) == 0.25


@pytest.mark.parametrize(
    ("name", "low", "high"), [("z_dim", 1, 512), ("epochs", 1, 100_000), ("batch_size", 1, 65_536)]
)
def test_a_box_stops_at_the_limits_of_its_field(form, name, low, high):
    assert (form.field(name).minimum(), form.field(name).maximum()) == (low, high)


def test_the_rare_rows_are_behind_more(form, qtbot):
    rare = [name for name in TrainConfig.model_fields if name not in FIRST]
    assert all(form.field(name).isVisible() for name in FIRST if name != "sigma")
    assert not any(form.field(name).isVisible() for name in rare)
    qtbot.mouseClick(form.more, Qt.MouseButton.LeftButton)
    assert all(form.field(name).isVisible() for name in rare)
    assert form.more.text() == "Less"
    qtbot.mouseClick(form.more, Qt.MouseButton.LeftButton)
    assert not any(form.field(name).isVisible() for name in rare)


def test_the_pixel_sigma_has_a_row_where_the_likelihood_has_one(form):
    assert not form.field("sigma").isVisible()
    form.field("likelihood").setCurrentText("gaussian")
    assert form.field("sigma").isVisible()
    form.field("likelihood").setCurrentText("bernoulli")
    assert not form.field("sigma").isVisible()


def test_other_choices_of_images_keep_the_chosen_one(form):
    form.set_data_choices([("a", "A"), ("drawn-digits", "Drawn digits"), ("b", "B (9 MB download)")])
    assert form.config().data == "drawn-digits"
    assert [form.field("data").itemText(i) for i in range(3)] == ["A", "Drawn digits", "B (9 MB download)"]
    form.set_data("b")
    form.set_data_choices([("b", "B"), ("a", "A")])
    assert form.config().data == "b"
    form.set_data("my/folder")
    assert form.config().data == "my/folder"
    assert form.field("data").currentText() == "folder"  # there is no room for the whole path
    assert form.field("data").itemData(0, Qt.ItemDataRole.ToolTipRole) == "my/folder"


def test_a_long_name_is_elided_in_the_middle_and_whole_in_the_tooltip(form, monkeypatch):
    told = []
    monkeypatch.setattr(QToolTip, "showText", lambda _place, text, _widget: told.append(text))
    form.set_data(f"/home/me/{'long_name_' * 8}")
    field = form.field("data")
    assert field.width() <= form.width()
    place = field.rect().center()
    QApplication.sendEvent(field, QHelpEvent(QEvent.Type.ToolTip, place, field.mapToGlobal(place)))
    assert told[0].startswith(f"/home/me/{'long_name_' * 8}\n")


def test_what_weighs_the_kl_can_only_be_set_where_there_is_one(form):
    for kind, there in (("autoencoder", False), ("vae", True)):
        form.set_field("kind", kind)
        assert [form.field(name).isEnabled() for name in ("beta", "warm_up")] == [there, there]
