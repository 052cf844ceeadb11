"""The state of what was fitted, as one JSON text and a few flat arrays, which are mapped into memory when it is read.

Nothing is run when a state is read: it can hold numbers, texts, arrays, sparse rows and the classes that the reader is
given. Arrays of one type lie one after the other in one `.npy` file; each is read when something looks at it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeAlias, overload

import numpy as np
import scipy.sparse as sp

from matchmaker.array import IntArray

Node: TypeAlias = Any  # what JSON can hold
FORGOTTEN = {"_visits", "counts_", "known_", "lesson_"}  # what objects keep for their next answer or fit only


@dataclass(frozen=True, eq=False)
class Texts(Sequence[str]):
    """Many texts, one after the other in UTF-8: `letters` of shape (bytes,), and where each ends, shape (n,)."""

    letters: Any
    ends: IntArray

    @classmethod
    def of(cls, texts: Iterable[str]) -> Texts:
        """Lay out texts."""
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
        ends = np.cumsum(np.array([len(each) for each in encoded], dtype=np.int64))
        return cls(np.frombuffer(b"".join(encoded), dtype=np.uint8), ends)

    def __len__(self) -> int:
        return len(self.ends)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(len(self)))]
        k = range(len(self))[index]
        start = int(self.ends[k - 1]) if k else 0
        return bytes(self.letters[start : self.ends[k]]).decode("utf-8", "surrogatepass")

    def find(self, text: str) -> int | None:
        """The place of a text among texts in order."""
        from bisect import bisect_left

        place = bisect_left(self, text)
        return place if place < len(self) and self[place] == text else None


@dataclass
class Writer:
    """Takes objects apart. `links` are those that the reader will be given: by identity, and their names."""

    links: Mapping[int, str]
    objects: list[Node] = field(default_factory=list)
    arrays: dict[str, list[Any]] = field(default_factory=dict)
    _known: dict[int, tuple[int, Any]] = field(default_factory=dict)  # with the object, so that its id stays its own

    def node(self, value: Any) -> Node:
        """A value as JSON; what is met again is written once.

        Raises:
            TypeError: it is of a kind that no state can hold.
        """
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, np.generic):
            return value.item()
        if id(value) in self.links:
            return {"link": self.links[id(value)]}
        if id(value) not in self._known:
            self._known[id(value)] = len(self.objects), value
            self.objects.append(None)
            self.objects[self._known[id(value)][0]] = self._apart(value)
        return {"at": self._known[id(value)][0]}

    def write(self, folder: Path) -> None:
        """Write the arrays, one file a type."""
        for name, pieces in self.arrays.items():
            np.save(folder / f"{name}.npy", np.concatenate(pieces))

    def _apart(self, value: Any) -> Node:
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, sp.csr_array):
            return {"rows": [self.node(part) for part in (value.indptr, value.indices, value.data)],
                    "shape": list(value.shape)}  # fmt: skip
        if isinstance(value, Mapping):
            return {"table": {key: self.node(each) for key, each in value.items()}}
        if isinstance(value, list | tuple) and not hasattr(value, "_asdict"):
            if value and all(isinstance(each, str) for each in value):
                texts = Texts.of(value)
                return {"texts": [self.node(texts.letters), self.node(texts.ends)]}
            return {"list": [self.node(each) for each in value]}
        return {"kind": type(value).__name__, "of": {key: self.node(each) for key, each in _parts(value).items()}}

    def _array(self, value: Any) -> Node:
        pieces = self.arrays.setdefault(value.dtype.name, [])
        start = sum(len(piece) for piece in pieces)
        pieces.append(np.ascontiguousarray(value).ravel())
        return {"array": value.dtype.name, "start": start, "shape": list(value.shape)}


def _parts(value: Any) -> dict[str, Any]:
    """The fields of an object, and what it has worked out and kept, if that is arrays."""
    if hasattr(value, "_asdict"):
        parts: dict[str, Any] = value._asdict()
        return parts
    if not is_dataclass(value):
        raise TypeError(f"no state can hold {type(value).__name__}")
    own = {each.name for each in fields(value)}
    kept = np.ndarray | sp.csr_array
    return {
        key: each
        for key, each in vars(value).items()
        if key not in FORGOTTEN and (key in own or isinstance(each, kept) or is_dataclass(each))
    }


@dataclass
class Reader:
    """Puts objects together again.

    Args:
        folder: where the arrays are.
        objects: as the writer left them.
        kinds: the classes that may be made, by name.
        links: what links mean; an absent one is None.
    """

    folder: Path
    objects: Sequence[Node]
    kinds: Mapping[str, type[Any]]
    links: Mapping[str, Any]
    _mapped: dict[str, Any] = field(default_factory=dict)
    _made: dict[int, Any] = field(default_factory=dict)

    def value(self, node: Node) -> Any:
        """What a node stands for."""
        if not isinstance(node, dict):
            return node
        if "link" in node:
            return self.links.get(node["link"])
        number = node["at"]
        if number not in self._made:
            self._made[number] = self._together(self.objects[number])
        return self._made[number]

    def _together(self, node: Mapping[str, Any]) -> Any:
        if "array" in node:
            return self._array(node)
        if "rows" in node:
            return _rows([self.value(part) for part in node["rows"]], tuple(node["shape"]))
        if "texts" in node:
            return Texts(*map(self.value, node["texts"]))
        if "list" in node:
            return [self.value(each) for each in node["list"]]
        if "table" in node:
            return {key: self.value(each) for key, each in node["table"].items()}
        return self._object(self.kinds[node["kind"]], {key: self.value(each) for key, each in node["of"].items()})

    def _object(self, kind: type[Any], parts: Mapping[str, Any]) -> Any:
        if hasattr(kind, "_make"):
            return kind(**parts)
        made = object.__new__(kind)
        vars(made).update(parts)
        for each in fields(kind):
            if each.name in FORGOTTEN and each.name not in vars(made):
                vars(made)[each.name] = None if each.default_factory is not dict else {}
        return made

    def _array(self, node: Mapping[str, Any]) -> Any:
        name, shape = node["array"], tuple(node["shape"])
        if name not in self._mapped:
            self._mapped[name] = np.load(self.folder / f"{name}.npy", mmap_mode="r", allow_pickle=False).view(
                np.ndarray
            )
        return self._mapped[name][node["start"] : node["start"] + int(np.prod(shape))].reshape(shape)


def _rows(parts: Sequence[Any], shape: tuple[int, ...]) -> sp.csr_array:
    """A sparse matrix over arrays as they are: its constructor would copy what is a view of a large file."""
    matrix = sp.csr_array(shape, dtype=parts[2].dtype)
    matrix.indptr, matrix.indices, matrix.data = parts
    return matrix
