"""Reading a skops file as plain data: no class is imported, no code of the file's is run.

skops needs scikit-learn, and both take seconds to import. A model that predicts with a few matrix
products needs neither: its file is a zip archive of JSON and ``.npy`` arrays.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

_SCHEMA = "schema.json"


class UnfamiliarNode(ValueError):
    """The file holds something that is not plain data."""


@dataclass(frozen=True)
class SavedObject:
    """An object in a skops file.

    Attributes:
        kind: Its class with the module, such as ``sklearn.pipeline.Pipeline``.
        attributes: Its attributes, read in the same way.
    """

    kind: str
    attributes: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        try:
            return self.attributes[name]
        except KeyError:
            raise UnfamiliarNode(f"{self.kind} without {name}") from None


def read_skops(content: bytes) -> Any:
    """Read a skops file as numbers, texts, lists, arrays and :class:`SavedObject`.

    Args:
        content: The file.

    Raises:
        UnfamiliarNode: It contains another type, which :mod:`skops.io` may support.
        zipfile.BadZipFile: It is not an archive.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return _Reader(archive).read(json.loads(archive.read(_SCHEMA)))


class _Reader:
    """Follows the nodes of a schema."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def read(self, node: Mapping[str, Any]) -> Any:
        readers = {
            "JsonNode": self._json,
            "NdArrayNode": self._array,
            "ListNode": self._list,
            "TupleNode": self._list,
            "DictNode": self._dict,
            "ObjectNode": self._object,
        }
        loader = str(node.get("__loader__"))
        if loader not in readers:
            raise UnfamiliarNode(loader)
        return readers[loader](node)

    def _json(self, node: Mapping[str, Any]) -> Any:
        return json.loads(node["content"])

    def _array(self, node: Mapping[str, Any]) -> Any:
        if node.get("type") != "numpy":
            raise UnfamiliarNode(f"an array of type {node.get('type')}")
        return np.load(io.BytesIO(self._archive.read(node["file"])), allow_pickle=False)

    def _list(self, node: Mapping[str, Any]) -> list[Any]:
        return [self.read(each) for each in node["content"]]

    def _dict(self, node: Mapping[str, Any]) -> dict[str, Any]:
        return {key: self.read(each) for key, each in node["content"].items()}

    def _object(self, node: Mapping[str, Any]) -> SavedObject:
        content = node.get("content") or {}
        attributes = {}
        for key, each in content.get("content", {}).items():
            try:
                attributes[key] = self.read(each)
            except UnfamiliarNode:  # such as a random state, which does not affect predictions
                continue
        return SavedObject(f"{node['__module__']}.{node['__class__']}", attributes)
