"""What a model is made of: the shape of its images."""

import pytest
from pydantic import ValidationError

from vae_explorer.core.config import ImageShape, VAEConfig


@pytest.mark.parametrize(
    ("shape", "text"), [((1, 28, 28), "28 × 28 grey pixels"), ((3, 48, 64), "64 × 48 colour pixels")]
)
def test_a_shape_is_said_width_first(shape, text):
    assert str(ImageShape(*shape)) == f"{ImageShape(*shape)}" == text


def test_in_json_a_shape_is_the_list_that_older_model_files_have():
    config = VAEConfig.model_validate_json('{"image_shape": [3, 48, 64]}')
    assert config.image_shape == (3, 48, 64)
    assert str(config.image_shape) == "64 × 48 colour pixels"
    assert config.model_dump(mode="json")["image_shape"] == [3, 48, 64]


@pytest.mark.parametrize("shape", [[2, 28, 28], [1, 7, 28], [1, 28, 129], [1, 28], [1, 28, 28, 1], "grey", None])
def test_a_shape_that_no_model_can_have_is_refused(shape):
    with pytest.raises(ValidationError):
        VAEConfig(image_shape=shape)
