"""The use cases, one function each, shared by the command line and notebooks.

Every function takes plain values, returns a frozen report and prints nothing. Missing settings come
from ``SERKIT_*`` and ``serkit.toml`` (see :mod:`serkit.settings`).

The names are listed in ``__init__.pyi``. Each is imported on first use, so that a command waits for
its own use case alone.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
