"""A stage that misbehaves in the way that its setting names; for the tests of the host."""

import os
import resource
import signal
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from anagen_stage import Delivery, Record, Stage, StageError, serve
from anagen_stage._serve import _Session


def send(packet: bytes) -> None:
    _Session.current._channel._socket.sendall(packet)


def message(**members) -> None:
    _Session.current._channel.send(members, answering=members.pop("answering", 0))


def succeeds(action) -> bool:
    try:
        action()
        return True
    except (OSError, PermissionError, MemoryError):
        return False


def fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def reach() -> None:
    import socket

    socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def outlive() -> None:
    with open("/proc/self/oom_score_adj") as file:
        if file.read().strip() == "1000":
            raise PermissionError


class Hostile(Stage):
    id = "hostile.stage"
    #: What goes with the record in each result.
    beside = {}

    def process(self, record: Record, delivery: Delivery) -> dict:
        return getattr(self, self.settings["way"])(record, delivery) or {"way": self.settings["way"]}

    def well(self, record, delivery):
        return {"subject": record.value["acquisition"]["subject"], "attempt": delivery.attempt}

    def garbage(self, record, delivery):
        send(b"\x00" * 4096)
        time.sleep(10)

    def giant_length(self, record, delivery):
        send(struct.pack("<4sHHIIQQ", b"AnSt", 1, 0, 0xFFFFFFF0, 0xFFFFFFF0, 7, 7))
        time.sleep(10)

    def deep_json(self, record, delivery):
        body = b'{"type":' + b"[" * 20000 + b"]" * 20000 + b"}"
        send(struct.pack("<4sHHIIQQ", b"AnSt", 1, 0, len(body), 0, 7, 0) + body)
        time.sleep(10)

    def credits(self, record, delivery):
        message(type="progress", credits=1000000)
        time.sleep(10)

    def unknown_record(self, record, delivery):
        message(type="result", delivery="d999", attempt=1, outcome="done", answering=12345)
        time.sleep(10)

    def outside_slot(self, record, delivery):
        self._answer(delivery, {"in": "slot", "offset": 1 << 40, "bytes": 1 << 40})

    def negative(self, record, delivery):
        self._answer(delivery, {"in": "tail", "offset": -5, "bytes": 3})

    def _answer(self, delivery, body):
        session = _Session.current
        number = self.answering
        session._channel.send({"type": "result", "delivery": delivery._number, "attempt": delivery.attempt,
                               "outcome": "done", "credits": 1,
                               "record": {"schema": "hostile.result/1.0", "payload": body}}, b"", number)
        time.sleep(10)

    def another_schema(self, record, delivery):
        _Session.current._makes = "anagen.hair-measurement/1.0"

    def endless(self, record, delivery):
        while True:
            pass

    def silent(self, record, delivery):
        os.kill(os.getpid(), signal.SIGSTOP)

    def dies(self, record, delivery):
        os.kill(os.getpid(), signal.SIGKILL)

    def leaves(self, record, delivery):
        os._exit(0)

    def hoards(self, record, delivery):
        kept = []
        while True:
            kept.append(bytearray(16 << 20))

    def asks_for_much(self, record, delivery):
        bytearray(1 << 32)

    def recovers(self, record, delivery):
        """Says that it got no memory, lives on, and ends for another reason later."""
        print("MemoryError", flush=True)
        time.sleep(0.3)
        delivery.lookup(record.identity, "anagen.captured-image/1.0")
        os._exit(3)

    def floods(self, record, delivery):
        for number in range(100000):
            print("a line of no use", number, record.value["acquisition"]["subject"], flush=True)

    def tells(self, record, delivery):
        subject = record.value["acquisition"]["subject"]
        print("looking at", subject, record.value["fileName"], flush=True)
        self.log("warning", "found %s" % subject, subject=subject)

    def names(self, record, delivery):
        subject = record.value["acquisition"]["subject"]
        raise StageError("record", "odd", "cannot read " + record.value["fileName"], "ask " + subject)

    def errs(self, record, delivery):
        raise StageError("record", record.value["acquisition"]["subject"], "odd", "odd")

    def prints(self, record, delivery):
        print(record.value["acquisition"]["subject"], file=sys.stderr, flush=True)

    def identifies(self, record, delivery):
        self.beside = {"contents": [{"sha256": "0" * 64, "byteCount": 1,
                                     "mediaType": record.value["acquisition"]["subject"]}]}

    def escapes(self, record, delivery):
        """Everything that a confined process may not do; says what it could."""
        private = os.path.dirname(os.path.dirname(os.environ["HOME"]))
        tried = {
            "fork": fork, "network": reach,
            "mode": lambda: os.chmod(private, 0o700), "times": lambda: os.utime(private),
            "attributes": lambda: os.setxattr(private, "user.hostile", b"1"),
            "limits": lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CORE, (0, 0)),
            "ledger": lambda: open(os.path.join(private, "ledger.sqlite"), "rb").read(1),
            "folder": lambda: os.listdir(private),
            "parent": lambda: open("/proc/%d/fd/1" % os.getppid(), "wb").write(b"x"),
            "environment": lambda: open("/proc/%d/environ" % os.getppid(), "rb").read(1),
            "signal": lambda: os.kill(os.getppid(), 0),
            "own_folder": lambda: open(os.path.join(os.path.dirname(__file__), "left"), "w"),
            "tmp": lambda: open("/tmp/anagen-left-by-a-stage", "w"),
            "shrink": lambda: os.ftruncate(self.descriptor(), 0),
            "outlive": outlive,
            "passwords": lambda: open("/etc/shadow").read(1),
        }
        done = [name for name, action in sorted(tried.items()) if succeeds(action)]
        if done:
            raise StageError("record", "escaped", "it could: " + " ".join(done), "confine it")
        with open(os.path.join(os.environ["HOME"], "note"), "w") as note:
            note.write("scratch is mine")
        return {"escaped": len(done)}

    def descriptor(self) -> int:
        """The output slot's file."""
        for name in os.listdir("/proc/self/fd"):
            if "anagen-slot" in os.readlink("/proc/self/fd/" + name):
                return int(name)
        raise OSError("no slot")


class Frames(Stage):
    id = "hostile.frames"
    #: What goes with the record in each result.
    beside = {}

    def process(self, record: Record, delivery: Delivery) -> dict:
        way = self.settings["way"]
        if way == "slow":
            time.sleep(0.1)
        elif way == "hangs" and record.value["captured"]["fileName"] == "0.jpg":
            os.kill(os.getpid(), signal.SIGSTOP)
        elif way == "dies" and delivery.attempt == 1:
            output = _Session.current._output
            output[:] = bytes(len(output))
            os.abort()
        return {"frames": len(record.frames)}


original = _Session._on_process


def on_process(self, packet, received):
    self._stage.answering = packet.number
    original(self, packet, received)


_Session._on_process = on_process

reply = _Session._reply


def reply_with_more(self, packet, message, tail=b""):
    if "record" in message:
        message["record"].update(self._stage.beside)
    reply(self, packet, message, tail)


_Session._reply = reply_with_more

if __name__ == "__main__":
    serve(Hostile, Frames)
