"""Records as a stage sees them."""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional

from ._wire import Bodies, ProtocolError

if TYPE_CHECKING:
    import numpy


class Frame:
    """Samples of one kind, row by row.

    They lie in memory shared with the host and are valid until the stage has returned: copy what is kept.
    """

    def __init__(self, name: str, kind: str, shape: List[int], samples: memoryview):
        size = {"u8": 1, "f32": 4}.get(kind)
        if size is None or len(shape) not in (2, 3) or min(shape) < 1 or math.prod(shape) * size != len(samples):
            raise ProtocolError("a frame with a wrong shape")
        #: Which frame of the record.
        self.name = name
        #: 'u8' or 'f32'.
        self.kind = kind
        #: (rows, columns) or (rows, columns, channels).
        self.shape = tuple(shape)
        #: The samples as a read-only buffer of bytes or floats.
        self.samples = samples.cast("B") if kind == "u8" else samples.cast("B").cast("f")

    def array(self) -> "numpy.ndarray[Any, Any]":
        """The samples as a numpy array, without a copy."""
        import numpy

        return numpy.frombuffer(self.samples, dtype=numpy.uint8 if self.kind == "u8" else "<f4").reshape(self.shape)


class Content:
    """A body of a stored record, such as a picture's file."""

    def __init__(self, description: Dict[str, Any], fetch: Callable[[str], bytes]):
        #: The SHA-256 of the bytes, in hexadecimal.
        self.sha256: str = description["sha256"]
        #: How many bytes.
        self.byte_count: int = description["byteCount"]
        #: The media type, such as 'image/jpeg'.
        self.media_type: str = description["mediaType"]
        self._fetch = fetch

    def read(self) -> bytes:
        """The bytes, held to their digest; asked of the host."""
        content = self._fetch(self.sha256)
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise ProtocolError("a content that is not what its digest says")
        return content


class Record:
    """One record."""

    def __init__(self, wire: Dict[str, Any], bodies: Bodies, fetch: Callable[[str], bytes]):
        #: The schema, such as 'anagen.captured-image/1.0'.
        self.schema: str = wire["schema"]
        #: What identifies it across runs; it may name a subject.
        self.identity: Optional[str] = wire.get("identity")
        #: 'identified', 'pseudonymised' or 'deidentified'.
        self.label: Optional[str] = wire.get("label")
        #: The record's JSON.
        self.value: Dict[str, Any] = json.loads(bytes(bodies.find(wire["payload"])))
        #: What is kept beside it.
        self.contents = [Content(content, fetch) for content in wire.get("contents") or []]
        #: Its samples by name, for a record of samples.
        self.frames = {
            frame["name"]: Frame(frame["name"], frame["type"], frame["shape"], bodies.find(frame["body"]))
            for frame in wire.get("frames") or []
        }
