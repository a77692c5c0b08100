"""A result is kept for the code that made it: whatever of a function's code changes, it reruns.

Each case is a project whose function says the value `LIMIT` of some module. An edit changes that
value and keeps the file's size and time, as `cp -p`, `rsync -t` and archives do. A run must then
say the new value, which is what a run without a cache says.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from effort import mark_others_slow

from chunkflow import ChunkFlow

SOURCE = "export const one = 1\nexport const two = 2\n"
BEFORE, AFTER = "LIMIT = 1\n", "LIMIT = 2\n"
RULE = "def rule(chunk):\n    {}\n    return {}\n"
METADATA = "Metadata-Version: 2.1\nName: plugin\nVersion: {}\n"

Files = Mapping[str, str]


class Case(NamedTuple):
    """A project, and which of its files says the value."""

    files: Files
    edited: str
    processor: str = "r:rule"


def rule(statement: str, value: str = "LIMIT") -> str:
    return RULE.format(statement, value)


CASES = {
    "own module": Case({"r.py": BEFORE + rule("pass")}, "r.py"),
    "import at the top": Case(
        {"r.py": "import o\n" + rule("pass", "o.LIMIT"), "o.py": BEFORE}, "o.py"
    ),
    "import inside": Case({"r.py": rule("from o import LIMIT"), "o.py": BEFORE}, "o.py"),
    "import inside, of a package that is not loaded": Case(
        {
            "r.py": rule("from rules.limits import LIMIT"),
            "rules/__init__.py": "",
            "rules/limits.py": BEFORE,
        },
        "rules/limits.py",
    ),
    "import inside, without __init__": Case(
        {"r.py": rule("from rules.limits import LIMIT"), "rules/limits.py": BEFORE},
        "rules/limits.py",
    ),
    "relative import inside": Case(
        {
            "pack/__init__.py": "",
            "pack/r.py": rule("from .deep.limits import LIMIT"),
            "pack/deep/__init__.py": "",
            "pack/deep/limits.py": BEFORE,
        },
        "pack/deep/limits.py",
        "pack.r:rule",
    ),
    "relative import inside, without __init__": Case(
        {"pack/r.py": rule("from . import limits", "limits.LIMIT"), "pack/limits.py": BEFORE},
        "pack/limits.py",
        "pack.r:rule",
    ),
    "package behind its module": Case(
        {
            "r.py": "import rules.limits\n" + rule("pass", "rules.LIMIT"),
            "rules/__init__.py": BEFORE,
            "rules/limits.py": "",
        },
        "rules/__init__.py",
    ),
    "package of its own module": Case(
        {
            "pack/__init__.py": BEFORE,
            "pack/r.py": rule("import sys", "sys.modules['pack'].LIMIT"),
        },
        "pack/__init__.py",
        "pack.r:rule",
    ),
    "import_module at the top": Case(
        {
            "r.py": "from importlib import import_module\nO = import_module('o')\n"
            + rule("pass", "O.LIMIT"),
            "o.py": BEFORE,
        },
        "o.py",
    ),
    "import_module inside": Case(
        {
            "r.py": "import importlib\n"
            + rule("name = ''.join(['o'])", "importlib.import_module(name).LIMIT"),
            "o.py": BEFORE,
        },
        "o.py",
    ),
    "__import__ inside": Case(
        {"r.py": rule("name = ''.join(['o'])", "__import__(name).LIMIT"), "o.py": BEFORE}, "o.py"
    ),
    "registry of a namespace package": Case(
        {
            "r.py": "import importlib, pkgutil, checks\n"
            "FOUND = [importlib.import_module(f'checks.{m.name}')"
            " for m in pkgutil.iter_modules(checks.__path__)]\n" + rule("pass", "FOUND[0].LIMIT"),
            "checks/first.py": BEFORE,
        },
        "checks/first.py",
    ),
    "registry that is filled late": Case(
        {
            "r.py": "import importlib, os\n"
            + rule(
                "names = [n[:-3] for n in os.listdir(os.path.dirname(__file__) + '/checks')"
                " if n.endswith('.py')]",
                "[importlib.import_module(f'checks.{n}').LIMIT for n in names][0]",
            ),
            "checks/first.py": BEFORE,
        },
        "checks/first.py",
    ),
    "module by its path": Case(
        {
            "r.py": "import importlib.util, os\n"
            "spec = importlib.util.spec_from_file_location("
            "'odd', os.path.join(os.path.dirname(__file__), 'odd-name.py'))\n"
            "odd = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(odd)\n"
            + rule("pass", "odd.LIMIT"),
            "odd-name.py": BEFORE,
        },
        "odd-name.py",
    ),
    "module by its path, late": Case(
        {
            "r.py": "import importlib.util, os\n"
            "def load():\n"
            "    path = os.path.join(os.path.dirname(__file__), 'odd-name.py')\n"
            "    spec = importlib.util.spec_from_file_location('odd', path)\n"
            "    odd = importlib.util.module_from_spec(spec)\n"
            "    spec.loader.exec_module(odd)\n    return odd\n" + rule("pass", "load().LIMIT"),
            "odd-name.py": BEFORE,
        },
        "odd-name.py",
    ),
    "function from another module": Case(
        {"r.py": "from written.core import rule\n", "written/core.py": BEFORE + rule("pass")},
        "written/core.py",
    ),
    "helper beside the module that a function is from": Case(
        {
            "r.py": "from written.core import rule\n",
            "written/core.py": rule("from written.helper import LIMIT"),
            "written/helper.py": BEFORE,
        },
        "written/helper.py",
    ),
    "behind a decorator": Case(
        {
            "r.py": "import functools\nfrom core import inner\n"
            "@functools.wraps(inner)\ndef rule(chunk):\n    return inner(chunk)\n",
            "core.py": BEFORE + "def inner(chunk):\n    return LIMIT\n",
        },
        "core.py",
    ),
    "loaders of one's own": Case(
        {
            "r.py": "import importlib.abc, importlib.util, os\n"
            "class Loader(importlib.abc.SourceLoader):\n"
            "    def get_filename(self, name): return os.path.dirname(__file__) + '/odd-name.py'\n"
            "    def get_data(self, path):\n"
            "        with open(path, 'rb') as file: return file.read()\n"
            "spec = importlib.util.spec_from_loader('odd', Loader())\n"
            "odd = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(odd)\n"
            + rule("pass", "odd.LIMIT"),
            "odd-name.py": BEFORE,
        },
        "odd-name.py",
    ),
    "several files under one name": Case(
        {
            "r.py": "import glob, importlib.util, os\nFOUND = []\n"
            "for path in sorted(glob.glob(os.path.dirname(__file__) + '/rules/*.py')):\n"
            "    spec = importlib.util.spec_from_file_location('rule', path)\n"
            "    FOUND.append(importlib.util.module_from_spec(spec))\n"
            "    spec.loader.exec_module(FOUND[-1])\n" + rule("pass", "FOUND[0].LIMIT"),
            "rules/a.py": BEFORE,
            "rules/b.py": "",
        },
        "rules/a.py",
    ),
    "run as a script": Case(
        {
            "r.py": "import os, runpy\n"
            + rule(
                "path = os.path.join(os.path.dirname(__file__), 'odd-name.py')",
                "runpy.run_path(path)['LIMIT']",
            ),
            "odd-name.py": BEFORE,
        },
        "odd-name.py",
    ),
    "text that is executed": Case(
        {
            "r.py": "import os\ndef rule(chunk):\n    found = {}\n"
            "    with open(os.path.join(os.path.dirname(__file__), 'odd-name.py')) as file:\n"
            "        exec(file.read(), found)\n    return found['LIMIT']\n",
            "odd-name.py": BEFORE,
        },
        "odd-name.py",
    ),
    "module behind its package's getattr": Case(
        {
            "r.py": "import importlib\ndef __getattr__(name):\n"
            "    if name != 'rule': raise AttributeError(name)\n"
            "    return importlib.import_module('o').rule\n",
            "o.py": BEFORE + rule("pass"),
        },
        "o.py",
    ),
    "reloaded late": Case(
        {
            "r.py": "import importlib, o\n" + rule("importlib.reload(o)", "o.LIMIT"),
            "o.py": BEFORE,
        },
        "o.py",
    ),
}
QUICK = ("relative import inside",)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "a.ts").write_text(SOURCE)
    return tmp_path


def write(project: Path, files: Files) -> None:
    for name, text in files.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def edit_in_place(path: Path) -> None:
    """Another text of the same size, with the times that the file had."""
    before = path.stat()
    text = path.read_text()
    assert BEFORE in text
    path.write_text(text.replace(BEFORE, AFTER))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def values(project: Path, processor: str, *, cache: bool = True) -> list[object]:
    with ChunkFlow(root=project, cache=cache, parallel_operations=1) as flow:
        report = flow.optimize_files(["a.ts"], processors=[processor])
    (file,) = report.files
    assert file.error is None
    return [result.value for result in file.results[processor]]


def reruns(project: Path, processor: str) -> int:
    with ChunkFlow(root=project, parallel_operations=1) as flow:
        return flow.optimize_files(["a.ts"], processors=[processor]).totals.reran


@pytest.mark.parametrize("case", mark_others_slow(CASES, QUICK))
def test_edit_of_any_code_of_a_function_reruns_it(case: Case, project: Path) -> None:
    write(project, case.files)
    assert values(project, case.processor) == [1, 1]
    # What is loaded late is not kept the first time, as nobody knew of it; it is from then on.
    assert values(project, case.processor) == [1, 1]
    assert reruns(project, case.processor) == 0
    edit_in_place(project / case.edited)
    assert values(project, case.processor) == [2, 2]
    assert values(project, case.processor, cache=False) == [2, 2]
    values(project, case.processor)
    assert reruns(project, case.processor) == 0


@pytest.mark.parametrize("case", mark_others_slow(CASES, ["import at the top"]))
def test_project_elsewhere_has_the_same_keys(
    case: Case, project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    write(project, case.files)
    values(project, case.processor)
    values(project, case.processor)
    other = tmp_path_factory.mktemp("elsewhere")
    subprocess.run(("cp", "-r", f"{project}/.", other), check=True)
    assert reruns(other, case.processor) == 0


def installed(folder: Path, files: Files, version: str) -> None:
    """A distribution as an installer leaves it."""
    write(folder, {**files, f"plugin-{version}.dist-info/METADATA": METADATA.format(version)})
    listed = "".join(f"{name},sha256=x,1\n" for name in files)
    top = {name.partition("/")[0].removesuffix(".py") for name in files}
    write(
        folder,
        {
            f"plugin-{version}.dist-info/RECORD": listed,
            f"plugin-{version}.dist-info/top_level.txt": "\n".join(top),
        },
    )


PLUGINS = {
    "helper in a subpackage": Case(
        {
            "plugin/__init__.py": rule("from plugin.deep.helper import LIMIT"),
            "plugin/deep/__init__.py": "",
            "plugin/deep/helper.py": BEFORE,
        },
        "plugin/deep/helper.py",
        "plugin:rule",
    ),
    "helper beside the module that a function is re-exported from": Case(
        {
            "plugin/__init__.py": "from written.core import rule\n",
            "written/__init__.py": "",
            "written/core.py": "from .helper import LIMIT\n" + rule("pass"),
            "written/helper.py": BEFORE,
        },
        "written/helper.py",
        "plugin:rule",
    ),
    "helper that is found by its name": Case(
        {
            "plugin/__init__.py": "from importlib import import_module\n"
            + rule("pass", "import_module('plugin.' + 'helper').LIMIT"),
            "plugin/helper.py": BEFORE,
        },
        "plugin/helper.py",
        "plugin:rule",
    ),
}
QUICK_PLUGINS = ("helper in a subpackage",)


@pytest.fixture
def site_packages(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = project / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


@pytest.mark.parametrize("case", mark_others_slow(PLUGINS, QUICK_PLUGINS))
def test_edit_of_an_installed_plugin_reruns_it(
    case: Case, project: Path, site_packages: Path
) -> None:
    installed(site_packages, case.files, "1.0")
    assert values(project, case.processor) == [1, 1]
    assert values(project, case.processor) == [1, 1]
    assert reruns(project, case.processor) == 0
    edit_in_place(site_packages / case.edited)
    assert values(project, case.processor) == [2, 2]


@pytest.mark.parametrize(
    "statement",
    ["import plugin", pytest.param("__import__('plu' + 'gin')", marks=pytest.mark.slow)],
)
def test_another_version_of_an_installed_package_reruns_what_uses_it(
    statement: str, project: Path, site_packages: Path
) -> None:
    write(project, {"r.py": rule(statement, "1")})
    installed(site_packages, {"plugin.py": ""}, "1.0")
    values(project, "r:rule")
    values(project, "r:rule")
    assert reruns(project, "r:rule") == 0
    subprocess.run(("rm", "-r", site_packages / "plugin-1.0.dist-info"), check=True)
    installed(site_packages, {"plugin.py": ""}, "1.1")
    assert reruns(project, "r:rule") == 2


def test_another_version_of_python_reruns_functions(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, {"r.py": rule("pass", "1")})
    values(project, "r:rule")
    monkeypatch.setattr(sys, "version", "3.99.0 (of another day)")
    assert reruns(project, "r:rule") == 2


@pytest.mark.slow
def test_module_that_comes_to_stand_before_another_counts(project: Path) -> None:
    write(project, {"r.py": rule("from o import LIMIT"), "o.py": BEFORE})
    assert values(project, "r:rule") == [1, 1]
    write(project, {"o/__init__.py": AFTER})
    assert values(project, "r:rule") == [2, 2]


def test_module_that_was_missing_counts_when_it_is_there(project: Path) -> None:
    write(
        project,
        {
            "r.py": "try:\n    from o import LIMIT\nexcept ImportError:\n    LIMIT = 1\n"
            + rule("pass")
        },
    )
    assert values(project, "r:rule") == [1, 1]
    write(project, {"o.py": AFTER})
    assert values(project, "r:rule") == [2, 2]


def test_what_a_module_declares_counts_wherever_it_comes_from(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = "import os\nfrom chunkflow import processor\n@processor(version=os.environ['V'])\n"
    write(project, {"r.py": declared + rule("import os", "os.environ['V']")})
    monkeypatch.setenv("V", "a")
    assert values(project, "r:rule") == ["a", "a"]
    monkeypatch.setenv("V", "b")
    assert values(project, "r:rule") == ["b", "b"]


@pytest.mark.slow
def test_results_made_with_code_that_was_edited_meanwhile_are_not_kept(project: Path) -> None:
    """The helper is another while the run loads it, and as before afterwards."""
    rules = (
        "import os\nO = os.path.join(os.path.dirname(__file__), 'o.py')\n"
        "def rule(chunk):\n"
        "    with open(O) as file: before = file.read()\n"
        "    with open(O, 'w') as file: file.write('LIMIT = 7')\n"
        "    from o import LIMIT\n"
        "    with open(O, 'w') as file: file.write(before)\n"
        "    return LIMIT\n"
    )
    calm = rules.replace("file.write('LIMIT = 7')", "file.write(before)")
    write(project, {"r.py": rules, "o.py": BEFORE})
    assert values(project, "r:rule") == [7, 7]
    assert reruns(project, "r:rule") == 2
    write(project, {"r.py": calm})
    assert values(project, "r:rule") == [1, 1]


@pytest.mark.slow
def test_two_projects_in_one_process_have_their_own_code(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    shared = {"dir": str(tmp_path_factory.mktemp("cache"))}
    for folder, value in ((project, BEFORE), (other, AFTER)):
        write(folder, {"a.ts": SOURCE, "r.py": value + rule("pass")})
    for _ in range(2):
        for folder, expected in ((project, 1), (other, 2)):
            with ChunkFlow(root=folder, cache=shared) as flow:
                (file,) = flow.optimize_files(["a.ts"], processors=["r:rule"]).files
            assert [result.value for result in file.results["r:rule"]] == [expected] * 2


def test_edits_while_an_object_lives_are_seen(project: Path) -> None:
    write(project, {"r.py": BEFORE + rule("pass")})
    with ChunkFlow(root=project) as flow:
        for limit in (1, 2, 3, 2):
            (project / "r.py").write_text(f"LIMIT = {limit}\n" + rule("pass"))
            (file,) = flow.optimize_files(["a.ts"], processors=["r:rule"]).files
            assert (file.error, [r.value for r in file.results["r:rule"]]) == (None, [limit] * 2)


@pytest.mark.slow
@pytest.mark.parametrize("first", ["r:one", "r:two"])
def test_what_one_function_has_loaded_counts_for_another_that_asks_for_it(
    first: str, project: Path
) -> None:
    """`two` finds `o` loaded by `one` in the same process, and depends on it all the same."""
    write(
        project,
        {
            "r.py": "import importlib\n"
            "def one(chunk):\n    import o\n    return o.LIMIT\n"
            "def two(chunk):\n    return importlib.import_module('o').LIMIT\n",
            "o.py": BEFORE,
        },
    )
    second = "r:two" if first == "r:one" else "r:one"

    def both() -> list[object]:
        with ChunkFlow(root=project, parallel_operations=1) as flow:
            (file,) = flow.optimize_files(["a.ts"], processors=[first, second]).files
        return [result.value for name in (first, second) for result in file.results[name]]

    for _ in range(3):
        assert both() == [1] * 4
    edit_in_place(project / "o.py")
    assert both() == [2] * 4
    assert values(project, "r:two") == [2, 2]


def values_of_one(project: Path, processor: str = "r:rule") -> object:
    return values(project, processor)[0]


GROWS = {
    "folder of plugins": (
        {
            "r.py": "import importlib, pkgutil, plugins\n"
            + rule(
                "names = [m.name for m in pkgutil.iter_modules(plugins.__path__)]",
                "[importlib.import_module('plugins.' + n).LIMIT for n in sorted(names)]",
            ),
            "plugins/a.py": BEFORE,
        },
        {"plugins/b.py": AFTER},
        [1],
        [1, 2],
    ),
    "module that may be there": (
        {
            "r.py": "import importlib\ndef rule(chunk):\n    try:\n"
            "        return importlib.import_module('rules_of_' + chunk.language).LIMIT\n"
            "    except ImportError:\n        return 0\n"
        },
        {"rules_of_typescript.py": AFTER},
        0,
        2,
    ),
    "module that is only looked for": (
        {
            "r.py": "import importlib.util\n"
            + rule("pass", "bool(importlib.util.find_spec('extra'))")
        },
        {"extra.py": ""},
        False,
        True,
    ),
    "module that a late one may import": (
        {
            "r.py": "import importlib\n" + rule("pass", "importlib.import_module('la' + 'te').g()"),
            "late.py": "def g():\n    try:\n        from fast import LIMIT\n        return LIMIT\n"
            "    except ImportError:\n        return 0\n",
        },
        {"fast.py": AFTER},
        0,
        2,
    ),
    "late module that becomes a package": (
        {
            "r.py": "import importlib\n"
            + rule("pass", "importlib.import_module('la' + 'te').LIMIT"),
            "late.py": BEFORE,
        },
        {"late/__init__.py": AFTER},
        1,
        2,
    ),
}


@pytest.mark.parametrize(("files", "added", "before", "after"), GROWS.values(), ids=GROWS)
def test_code_that_comes_to_be_there_reruns_what_looked_for_it(
    files: Files, added: Files, before: object, after: object, project: Path
) -> None:
    write(project, files)
    for _ in range(3):
        assert values_of_one(project) == before
    assert reruns(project, "r:rule") == 0
    write(project, added)
    assert values_of_one(project) == after
    assert values(project, "r:rule") == values(project, "r:rule", cache=False)


def test_another_installed_plugin_reruns_what_asks_which_there_are(
    project: Path, site_packages: Path
) -> None:
    names = "str(sorted(d.name for d in m.distributions() if d.name.startswith('plugin')))"
    write(project, {"r.py": rule("import importlib.metadata as m", names)})
    assert values_of_one(project) == "[]"
    installed(site_packages, {"plugin.py": ""}, "1.0")
    assert values_of_one(project) == "['plugin']"


def test_link_to_a_folder_that_somebody_works_in_is_not_installed(
    project: Path, site_packages: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    work = tmp_path_factory.mktemp("work")
    write(work, {"plugin/__init__.py": BEFORE})
    (site_packages / "plugin").symlink_to(work / "plugin")
    write(site_packages, {"plugin-1.0.dist-info/METADATA": METADATA.format("1.0")})
    write(project, {"r.py": rule("from plugin import LIMIT")})
    assert values_of_one(project) == 1
    edit_in_place(work / "plugin/__init__.py")
    assert values_of_one(project) == 2


@pytest.mark.parametrize("name", ["csv", "email", "random", "string", "textwrap", "pathlib"])
def test_module_named_like_a_standard_one_does_not_disturb_chunkflow(
    name: str, project: Path
) -> None:
    write(project, {f"{name}.py": "", "r.py": rule("import pytest", "1")})
    assert values(project, "r:rule") == [1, 1]


def test_order_of_settings_is_in_the_key(project: Path) -> None:
    write(project, {"r.py": "def rule(chunk, options): return list(options['rules'])\n"})
    table = '[processors."r:rule".rules]\n'
    write(project, {"chunkflow.toml": f"{table}a = 1\nb = 2\n"})
    assert values_of_one(project) == ["a", "b"]
    write(project, {"chunkflow.toml": f"{table}b = 2\na = 1\n"})
    assert values_of_one(project) == ["b", "a"]
