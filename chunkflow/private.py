"""Private interfaces of CPython and of the grammars' package, each with what it saves.

Every use of a name that its owner does not document is here; each has a public fallback or a test
that fails when it goes. Figures are processor time on Python 3.11, two cores; a warm run takes
90 ms over viem and 53 ms over one file, a first run over one file 80 ms.
"""

import os
from functools import cache
from types import ModuleType

# Without OpenSSL, which `hashlib` loads: 3.6 ms of every process, 4 % of a warm run.
#   python -X importtime -c "import _blake2, hashlib"
try:
    from _blake2 import blake2b
except ImportError:  # not CPython, or one built otherwise
    from hashlib import blake2b

__all__ = ["blake2b", "get_environment", "has_exit_callbacks", "load_grammars"]

_GRAMMARS = "tree_sitter_typescript"


def has_exit_callbacks() -> bool:
    """Whether `atexit` has anything to call.

    If it has not, a process may leave by `os._exit`, which saves 8 ms, 8 % of a warm run over viem:

        python -c "import chunkflow.__main__ as m, sys; m.has_exit_callbacks = lambda: True;
            sys.argv = ['chunkflow', 'optimize-files']; m.main()"
    """
    import atexit  # noqa: PLC0415 - only for the program's end

    return atexit._ncallbacks() > 0


def get_environment() -> dict[bytes, bytes]:
    """The dict behind `os.environ`, which must not be changed.

    To copy it takes 2 us, and 108 us from `os.environb`. That happens after each call of a user's
    function, which the comparison of the other state delays by 20 us:

        python -m timeit -s "import os" "dict(os.environ._data)"
        python -m timeit -s "import os" "dict(os.environb)"
    """
    environment: dict[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]
    return environment


@cache
def load_grammars() -> ModuleType:
    """The extension module with the grammars.

    It is loaded without the package around it, which imports `importlib.resources` for the query
    files that come with it: 13 ms in each process that parses, a seventh of a first run over one
    file.

        python -X importtime -c "import tree_sitter_typescript"
    """
    import sys  # noqa: PLC0415 - a run that parses nothing needs none of these
    from importlib.machinery import PathFinder  # noqa: PLC0415
    from importlib.util import module_from_spec  # noqa: PLC0415

    package = PathFinder.find_spec(_GRAMMARS)
    if _GRAMMARS not in sys.modules and package is not None:
        name = f"{_GRAMMARS}._binding"
        found = PathFinder.find_spec(name, package.submodule_search_locations)
        if found is not None and found.loader is not None:
            module = module_from_spec(found)
            found.loader.exec_module(module)
            return module
    import tree_sitter_typescript  # noqa: PLC0415 - only where it lies in an unusual place

    return tree_sitter_typescript  # type: ignore[no-any-return,unused-ignore]
