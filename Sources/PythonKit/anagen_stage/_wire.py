"""The channel of the stage protocol (docs/stage-protocol.md §1 to §3), with the standard library alone."""

from __future__ import annotations

import array
import json
import mmap
import os
import socket
import struct
import threading
from typing import Any, Callable, Dict, List, Optional

MAXIMUM_BYTES = 65536
PREFIX = struct.Struct("<4sHHIIQQ")
TAIL_LIMIT = 16384


class ProtocolError(Exception):
    """The peer broke the protocol."""


class Packet:
    """A message as it came: number, what it answers, message, tail, files."""

    __slots__ = ("number", "answers", "message", "tail", "files")

    def __init__(self, number: int, answers: int, message: Dict[str, Any], tail: bytes, files: List[int]):
        self.number, self.answers, self.message, self.tail, self.files = number, answers, message, tail, files


class Channel:
    """One end of a SOCK_SEQPACKET pair; any thread may send, one receives."""

    def __init__(self, descriptor: int):
        self._socket = socket.socket(fileno=descriptor)
        self._lock = threading.Lock()
        self._number = 0

    def send(self, message: Dict[str, Any], tail: bytes = b"", answering: int = 0,
             register: Optional[Callable[[int], None]] = None) -> int:
        """Sends a message and returns its number; `register` is called with it before an answer can come."""
        header = json.dumps(message, separators=(",", ":"), allow_nan=False).encode()
        with self._lock:
            number = self._number + 1
            packet = PREFIX.pack(b"AnSt", 1, 0, len(header), len(tail), number, answering) + header + tail
            if len(packet) > MAXIMUM_BYTES:
                raise ProtocolError("a packet of %d bytes" % len(packet))
            if register is not None:
                register(number)
            self._socket.sendall(packet)
            self._number = number
        return number

    def receive(self) -> Optional[Packet]:
        """Waits for a packet; None when the host is gone."""
        size = array.array("i").itemsize
        data, ancillary, flags, _ = self._socket.recvmsg(MAXIMUM_BYTES, socket.CMSG_SPACE(2 * size))
        files = array.array("i")
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                files.frombytes(content[: len(content) - len(content) % size])
        if not data:
            return None
        if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC) or len(data) < PREFIX.size:
            raise ProtocolError("a packet that was cut")
        mark, version, zero, header, tail, number, answers = PREFIX.unpack_from(data)
        if mark != b"AnSt" or version != 1 or zero != 0 or header + tail != len(data) - PREFIX.size:
            raise ProtocolError("a packet with a wrong prefix")
        start = PREFIX.size + header
        try:
            message = json.loads(data[PREFIX.size : start])
        except ValueError:
            raise ProtocolError("a header that is no JSON") from None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise ProtocolError("a header without a type")
        return Packet(number, answers, message, data[start:], list(files))


def part(body: Dict[str, Any], whole: Any) -> memoryview:
    """The part of a whole that a body names (2.5)."""
    offset, count = body["offset"], body["bytes"]
    if not (0 <= offset <= len(whole) and 0 <= count <= len(whole) - offset):
        raise ProtocolError("a body that does not lie within")
    return memoryview(whole)[offset : offset + count]


class Bodies:
    """The bodies of one packet."""

    def __init__(self, packet: Packet, slot: Optional[mmap.mmap]):
        self._tail, self._slot, self._files = packet.tail, slot, packet.files

    def find(self, body: Dict[str, Any]) -> memoryview:
        """The bytes of a body where they lie; those of a file are read."""
        place = body["in"]
        if place == "tail":
            return part(body, self._tail)
        if place == "slot" and self._slot is not None:
            return part(body, self._slot)
        if place == "descriptor" and self._files:
            content = os.pread(self._files[0], body["bytes"], body["offset"])
            while len(content) < body["bytes"]:
                more = os.pread(self._files[0], body["bytes"] - len(content), body["offset"] + len(content))
                if not more:
                    raise ProtocolError("a file that is too short")
                content += more
            return memoryview(content)
        raise ProtocolError("a body in a place that is not there")

    def close(self) -> None:
        """Closes the files that came."""
        for file in self._files:
            os.close(file)
        self._files = []


class BodyWriter:
    """Fills a packet's tail, or the output slot, with the bodies of one message."""

    def __init__(self, slot: mmap.mmap):
        self.tail = b""
        self._slot, self._filled = slot, 0

    def add(self, content: Any) -> Dict[str, Any]:
        """Adds bytes, or anything that gives its bytes as a buffer."""
        view = memoryview(content).cast("B")
        if len(view) <= TAIL_LIMIT and len(self.tail) + len(view) <= 2 * TAIL_LIMIT:
            body = {"in": "tail", "offset": len(self.tail), "bytes": len(view)}
            self.tail += view.tobytes()
            return body
        if len(view) > len(self._slot) - self._filled:
            raise StageError(
                "record", "record_too_large", "the record does not fit in a slot",
                "raise 'limits: {record}' of the stage")
        body = {"in": "slot", "offset": self._filled, "bytes": len(view)}
        self._slot[self._filled : self._filled + len(view)] = view
        self._filled = (self._filled + len(view) + 63) & ~63
        return body


class StageError(Exception):
    """What a stage raises: this record, or the stage itself, cannot go on.

    failure_class is 'record' (set aside now), 'transient' (tried again), 'unavailable' (the stage waits)
    or 'fatal' (the run ends). Neither subject nor hint may hold a patient's value.
    """

    def __init__(self, failure_class: str, code: str, subject: str, hint: str):
        super().__init__("%s; %s" % (subject, hint))
        self.failure_class, self.code, self.subject, self.hint = failure_class, code, subject, hint

    def failure(self) -> Dict[str, str]:
        """The failure as it passes (4.8)."""
        return {"class": self.failure_class, "code": self.code, "subject": self.subject, "hint": self.hint}
