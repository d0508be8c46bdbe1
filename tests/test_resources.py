"""The models that come with the program: whole, small, and as good as resources/README.md says."""

import shlex

import pytest

from vae_explorer import cli, paths
from vae_explorer.data import bundled
from vae_explorer.training import model_file

LARGEST = 6_000_000  # bytes of a model: everybody who installs the program loads them all
STORED = 2_000  # posteriors of test images
README = (paths.resources() / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", paths.bundled_models())
def test_a_bundled_model_is_whole_and_has_the_figures_that_are_written_of_it(name):
    path = paths.bundled_models()[name]
    assert path.stat().st_size < LARGEST
    content = model_file.read(path)
    assert bundled.tests_of(content.info.data) is not None
    assert content.info.statistics.split == "test"
    assert content.posteriors.mu.shape == (STORED, content.info.config.z_dim)
    test = content.info.test
    elbo, reconstruction = (f"{figure:.2f}".replace("-", "−") for figure in (test.elbo, test.reconstruction))
    assert f"| `{name}` | {elbo} | {reconstruction} | {test.kl:.2f} |" in README
    assert f"| `models/{name}.vae.safetensors` |" in README


@pytest.mark.parametrize("name", paths.bundled_models())
def test_the_command_that_is_written_of_a_bundled_model_has_the_settings_that_made_it(name):
    (line,) = (line for line in README.splitlines() if line.startswith("vae-explorer train") and f"/{name} " in line)
    _, bound, _ = cli.app.parse_args(shlex.split(line)[1:], exit_on_error=False, print_error=False)
    (data,), options = bound.args, bound.kwargs
    settings = options["config"].model_copy(update={"data": data}).model_dump()
    made_with = model_file.read(paths.bundled_models()[name]).info.train_config  # an older one has fewer settings
    assert {key: settings[key] for key in made_with} == made_with
