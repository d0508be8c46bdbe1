"""Who may import whom, what is loaded when, and what every override of Qt carries."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import vae_explorer
from vae_explorer.session.threads import guard

PACKAGE = Path(vae_explorer.__file__).parent
ROOT = PACKAGE.parent
MAX_FILES, MAX_LINES = 16, 400  # of a folder and of a file: what passes them is two things
MAY_IMPORT = {  # a folder, or a file that is one of its kind: whom it may import besides itself
    "core": "",
    "storage": "",
    "data.photo": "",
    "data": "data.photo storage core",
    "training": "data storage core",
    "export": "data storage core",
    "commands": "training export data storage core display",
    "session.threads": "core",
    "session.records": "training data core",
    "session.pictures": "session.records data",
    "session.curves": "training",
    "session.opening": "training",
    "session.state": "session.pictures session.records session.threads export training data core",
    "session.jobs": "session.records session.threads training data core",
    "session.training": "session.state session.pictures session.curves session.records session.threads "
    "training data core",
    "session.next_run": "session.training session.jobs",
    "session.views": "session.training session.jobs session.state session.records session.threads export data core",
    "session.answers": "session.views session.training session.state session.pictures session.curves session.records "
    "export training data core",
    "session.session": "session.answers session.views session.next_run session.training session.jobs session.state "
    "session.opening session.records session.threads",
    "ui.theme": "",
    "ui.widgets": "ui.theme session.threads.guard",
    "ui.plots": "ui.widgets ui.theme session.threads.guard",
    "ui.drop": "ui.theme session.opening session.threads.guard",
    "ui.panels": "ui.plots ui.widgets ui.theme session training data.photo.frame",
    "ui.views": "ui.plots ui.widgets ui.theme session core.card",
    "ui.window.run": "ui.plots ui.widgets ui.theme session training core.progress",
    "ui.window.menu": "ui.views.registry ui.widgets ui.theme session.session session.training session.threads.guard",
    "ui.window": "ui.views ui.panels ui.drop ui.plots ui.widgets ui.theme session.session session.state session.jobs "
    "session.records session.threads.guard",
}
LAYERS = ("core", "storage", "data", "training", "export", "session", "ui")
OPEN = {"paths", "errors"}  # to all but core
DOORS = {  # which modules may import these, besides themselves
    "app": {"cli"},
    "cli": {"__main__"},
    "commands": {"cli"},  # for the sentence of a wrong call; the commands themselves are registered by path
    "__main__": set(),
    "ui": {"app", "process"},
    "process": {"app"},
}


def name_of(path: Path) -> str:
    parts = ("vae_explorer", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in MODULES.items()}


def part_of(module: str) -> str:
    """core, data, … or the name of a module that stands in no layer; "" for the package itself."""
    return [*module.split("."), ""][1]


def imports(module: str, tree: ast.AST) -> Iterator[str]:
    """Every module that is imported anywhere in a tree: in functions, under TYPE_CHECKING, relatively."""
    is_package = MODULES[module].name == "__init__.py"
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = module.split(".")[: None if is_package and node.level == 1 else -node.level + is_package]
                base = ".".join([*parents, node.module] if node.module else parents)
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield whole if whole in MODULES else base


def at_import(tree: ast.Module) -> ast.Module:
    """What runs when a module is imported: no bodies of functions, nothing under TYPE_CHECKING."""

    class Runs(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
            return None

        def visit_If(self, node: ast.If) -> ast.AST | None:
            return None if "TYPE_CHECKING" in ast.unparse(node.test) else self.generic_visit(node)

    return Runs().visit(ast.parse(ast.unparse(tree)))


def ours(module: str) -> set[str]:
    return {name for name in imports(module, TREES[module]) if name.split(".")[0] == "vae_explorer"}


def foreign(module: str) -> set[str]:
    return {name.split(".")[0] for name in imports(module, TREES[module])} - {"vae_explorer"}


def layer(name: str) -> list[str]:
    return [module for module in MODULES if part_of(module) == name]


ANSWERS = {module for module in MODULES if module.startswith("vae_explorer.session.answers")}  # these bring torch


def test_relative_imports_and_imports_in_functions_are_seen():
    tree = ast.parse(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from ...core import vae\n"
        "def f():\n    import torch.nn\n    from . import undo\n    from ..threads.latest import Latest\n"
    )
    wanted = {
        "typing",
        "vae_explorer.core.vae",
        "torch.nn",
        "vae_explorer.session.state.undo",
        "vae_explorer.session.threads.latest",
    }
    assert set(imports("vae_explorer.session.state.image", tree)) == wanted
    assert set(imports("vae_explorer.session.state.image", at_import(tree))) == {"typing"}
    assert set(imports("vae_explorer.session.state", ast.parse("from . import undo"))) == {
        "vae_explorer.session.state.undo"
    }


def place_of(module: str) -> str:
    """The longest key of MAY_IMPORT that the module lies in; "" where it lies in none."""
    name = module.removeprefix("vae_explorer").strip(".")
    return max((key for key in MAY_IMPORT if is_within(name, key)), key=len, default="")


def is_within(name: str, place: str) -> bool:
    return name == place or name.startswith(f"{place}.")


def test_every_folder_of_the_package_has_its_place():
    found = [module for module, path in MODULES.items() if part_of(module) in LAYERS and path.name != "__init__.py"]
    assert found
    assert not [module for module in found if not place_of(module)]
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert folders == {*LAYERS, "commands"}


@pytest.mark.parametrize("module", [module for module in MODULES if place_of(module)])
def test_a_module_imports_only_what_its_folder_may(module):
    place, wrong = place_of(module), set()
    for name in ours(module):
        own = name.removeprefix("vae_explorer").strip(".")
        allowed = (
            any(is_within(own, other) for other in (place, *MAY_IMPORT[place].split()))
            or (own in OPEN and place != "core")
            or (own == "" and place.startswith("ui.window"))  # the package itself, for its version
        )
        if not allowed:
            wrong.add(name)
    assert not wrong, f"{module} imports {wrong}"


def test_no_two_folders_import_each_other():
    """Not even by the table: whoever reads it from the top meets nothing that he has not met."""
    met = {"display"}
    for place, others in MAY_IMPORT.items():
        for other in others.split():
            assert other in met or any(is_within(key, other) or is_within(other, key) for key in met), (place, other)
        met.add(place)


def test_a_folder_and_a_file_are_one_thing_each():
    folders = {path.parent for path in MODULES.values()}
    counts = {folder: len([f for f in folder.glob("*.py") if f.name != "__init__.py"]) for folder in folders}
    lines = {module: len(path.read_text("utf-8").splitlines()) for module, path in MODULES.items()}
    assert not {folder.name: count for folder, count in counts.items() if count > MAX_FILES}
    assert not {module: count for module, count in lines.items() if count > MAX_LINES}


def test_every_folder_says_at_its_door_what_it_is_for():
    for path in {path.parent for path in MODULES.values()}:
        assert ast.get_docstring(ast.parse((path / "__init__.py").read_text("utf-8"))), path


def test_nobody_imports_the_answers_before_a_thread_asks_for_them():
    for module, tree in TREES.items():
        if not is_within(module, "vae_explorer.session.answers"):
            now = imports(module, at_import(tree))
            assert not [name for name in now if is_within(name, "vae_explorer.session.answers")], module


def test_nothing_imports_the_doors_of_the_program_but_the_door_before_it():
    wrong = [
        f"{module} imports {name}"
        for module in MODULES
        for name in ours(module)
        if (before := DOORS.get(part_of(name))) is not None and part_of(module) not in before | {part_of(name)}
    ]
    assert not wrong


def test_the_command_line_loads_the_window_only_when_it_is_asked_for():
    for module in ("vae_explorer.cli", "vae_explorer.__main__"):
        assert not {"app", "ui", "session"} & {part_of(name) for name in imports(module, at_import(TREES[module]))}


def test_modules_outside_the_layers_import_no_layer_but_as_doors():
    for name in ("", ".paths", ".errors", ".display", ".system_libraries"):
        module = f"vae_explorer{name}"
        assert not {part_of(name) for name in ours(module)} & set(LAYERS), module


def test_nothing_is_imported_by_a_name_in_a_string():
    for module, tree in TREES.items():
        called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        assert not called & {"__import__", "importlib.import_module", "import_module"}, module


@pytest.mark.parametrize("module", layer("core"))
def test_the_science_knows_no_qt_no_threads_and_no_files(module):
    wrong = {
        "PySide6",
        "threading",
        "concurrent",
        "multiprocessing",
        "asyncio",
        "queue",
        "pathlib",
        "os",
        "io",
        "shutil",
    }
    assert not foreign(module) & (wrong | {"tempfile", "PIL", "safetensors", "random", "time"})
    called = {ast.unparse(node.func) for node in ast.walk(TREES[module]) if isinstance(node, ast.Call)}
    assert not called & {"open", "torch.save", "torch.load", "torch.manual_seed", "np.random.seed", "np.load", "print"}


@pytest.mark.parametrize("module", [*layer("data"), *layer("training"), *layer("export"), *layer("commands")])
def test_images_training_and_commands_know_no_qt(module):
    assert "PySide6" not in foreign(module) or module == "vae_explorer.commands.doctor"


@pytest.mark.parametrize("module", layer("ui"))
def test_widgets_know_no_torch_and_no_threads(module):
    qt = {ast.unparse(node) for node in ast.walk(TREES[module]) if isinstance(node, ast.alias)}
    assert not foreign(module) & {"torch", "safetensors", "threading", "concurrent", "multiprocessing", "asyncio"}
    assert not qt & {"QThread", "QThreadPool", "QRunnable"}


@pytest.mark.parametrize("module", [module for module in layer("ui") if module != "vae_explorer.ui.drop.addresses"])
def test_widgets_do_not_look_at_the_disk(module):
    """What lies there is the session's to say; an address is taken apart by the rules of the system."""
    assert "os" not in foreign(module)


@pytest.mark.parametrize("module", layer("session"))
def test_the_memory_of_the_app_shows_no_widgets_and_brings_torch_late(module):
    assert not any(name.startswith(("PySide6.QtWidgets", "pyqtgraph")) for name in imports(module, TREES[module]))
    if module not in ANSWERS:
        assert "torch" not in set(imports(module, at_import(TREES[module])))


KINDS = re.compile(r"is_autoencoder|\bkind (==|!=) [\"'](vae|autoencoder)|\bkl is (not )?None")


def test_only_core_asks_which_kind_a_model_is():
    """All others ask its card what it can do."""
    asking = [module for module, path in MODULES.items() if KINDS.search(path.read_text("utf-8"))]
    assert asking  # the expression still finds what it should
    assert not [module for module in asking if part_of(module) != "core"]


def test_a_request_is_known_by_its_type_and_answered_to_who_asked():
    """No kind of request is a string, and no answer is broadcast."""
    for module in layer("session"):
        for node in ast.walk(TREES[module]):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "ask":
                assert not (node.args and isinstance(node.args[0], ast.Constant)), module
            if isinstance(node, ast.Attribute):
                assert node.attr != "answered", module


def test_no_pickle_and_no_torch_load_anywhere():
    for module, tree in TREES.items():
        assert not foreign(module) & {"pickle", "dill", "joblib", "marshal", "shelve"}, module
        assert not re.search(r"(?<![\w.])torch\.(load|save)\(|allow_pickle=True", MODULES[module].read_text("utf-8")), (
            module
        )
        assert tree.body or module.endswith("__init__"), module


@pytest.mark.parametrize(
    "modules",
    [
        pytest.param(["vae_explorer.app"], id="the window"),
        pytest.param([*layer("ui"), *sorted(set(layer("session")) - ANSWERS)], id="widgets and session"),
        pytest.param(
            ["vae_explorer.cli", *layer("commands"), *(name for name in MODULES if name.endswith(".config"))],
            id="commands and configs",
        ),
    ],
)
def test_torch_and_the_plots_come_late(modules):
    slow = ["torch", "pyqtgraph", "sklearn", "av", "safetensors", "scipy", "matplotlib", "PIL"]
    code = f"import sys, {', '.join(modules)}\nprint([name for name in {slow} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_commands_run_where_qt_cannot_be_imported(tmp_path):
    code = (
        "import sys\n"
        "class NoQt:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] == 'PySide6': raise ImportError('no Qt here')\n"
        "sys.meta_path.insert(0, NoQt())\n"
        "from vae_explorer import cli\n"
        f"sys.exit(cli.run(['sample', 'mnist', '--count', '2', '--out', {str(tmp_path / 'grid.png')!r}]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "grid.png").read_bytes().startswith(b"\x89PNG")


# what overrides Qt


def qt_classes() -> list[type]:
    """The classes of ours that have one of Qt's among their ancestors."""
    found = []
    for module in (*layer("session"), *layer("ui"), "vae_explorer.app"):
        for _, kind in inspect.getmembers(importlib.import_module(module), inspect.isclass):
            if kind.__module__ == module and any(is_qt(parent) for parent in kind.__mro__):
                found.append(kind)
    return found


def is_qt(kind: type) -> bool:
    return kind.__module__.split(".")[0] in ("PySide6", "shiboken6", "Shiboken") and kind.__name__ != "Object"


def qt_names(kind: type) -> set[str]:
    """What Qt's own classes call theirs, down to the last ancestor."""
    return {name for parent in kind.__mro__ if is_qt(parent) for name in vars(parent) if not name.startswith("__")}


def test_every_override_of_qt_is_guarded():
    classes = qt_classes()
    assert len(classes) > 25  # the test itself looks where it should
    overrides = {
        f"{kind.__module__}.{kind.__qualname__}.{name}": member
        for kind in classes
        for name, member in vars(kind).items()
        if inspect.isfunction(member) and name in qt_names(kind)
    }
    assert len(overrides) > 40
    assert not [name for name, member in overrides.items() if member.__code__.co_filename != guard.__file__]


def test_no_attribute_hides_a_method_of_qt():
    hidden = []
    for kind in qt_classes():
        names = qt_names(kind)
        tree = ast.parse(inspect.getsource(inspect.getmodule(kind)))
        (body,) = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == kind.__name__]
        for node in ast.walk(body):
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            for target in [part for one in targets for part in getattr(one, "elts", [one])]:
                if ast.unparse(target or node).removeprefix("self.") in names and isinstance(target, ast.Attribute):
                    hidden.append(f"{kind.__qualname__}: {ast.unparse(target)}")
    assert not hidden


# what a checkout says of the machine it was written on


def test_no_file_names_a_place_of_the_machine_it_was_written_on():
    places = re.compile(r"(?<![\w.}])/(?:work|root|tmp)(?![\w.-])[\w/.-]*")
    people = re.compile(r"(?<![\w.}])/home/(?!me/|somebody|user/)\w+")  # but those of examples
    files = [*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    files += [*(ROOT / "resources").rglob("*.md"), *(ROOT / "resources").glob("*.*s*"), *ROOT.glob("*.md")]
    files += [*(ROOT / "docs").rglob("*.md"), ROOT / "pyproject.toml", ROOT / "Makefile"]
    found = [
        f"{file.relative_to(ROOT)}: {match[0]}"
        for file in files
        if file.suffix in (".py", ".md", ".qss", ".svg", ".toml", "") and file != Path(__file__)
        for pattern in (places, people)
        for match in pattern.finditer(file.read_text("utf-8"))
    ]
    assert not found
