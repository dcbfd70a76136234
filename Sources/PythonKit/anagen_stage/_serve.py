"""Serves stages to the host (docs/stage-protocol.md §4 to §6)."""

from __future__ import annotations

import base64
import hashlib
import json
import mmap
import os
import queue
import random
import stat
import sys
import threading
from typing import Any, Dict, FrozenSet, List, NamedTuple, Optional, Type, Union

from ._records import Record
from ._wire import Bodies, BodyWriter, Channel, Packet, ProtocolError, StageError


#: What a process that gets no memory ends with (docs/stage-protocol.md 7.2).
NO_MEMORY = 71


class Cancelled(Exception):
    """The host asked to stop."""


class Delivery:
    """What a stage is given with each record."""

    def __init__(self, session: "_Session", number: str, attempt: int, identity: str, key: Optional[Dict[str, Any]]):
        self._session, self._number, self._identity = session, number, identity
        #: Which attempt this is, from 1.
        self.attempt = attempt
        #: For a sink that can be asked: the token to keep with what was done, and which version it is.
        self.key = key

    def ancestor(self, schema: str) -> Optional[Record]:
        """The nearest ancestor of the record with this schema, such as a measurement's captured image."""
        return self._session.ask_record({"what": "record", "schema": schema})

    def lookup(self, identity: str, schema: str) -> Optional[Record]:
        """The current record of an identity: partners of a visit. Part of the reuse key."""
        return self._session.ask_record({"what": "lookup", "schema": schema, "identity": identity})

    def now(self) -> float:
        """Seconds since 1970; only for a stage whose manifest says that it reads the clock."""
        return float(self._session.ask({"what": "now"}).message["seconds"])

    def random(self) -> random.Random:
        """A generator seeded by stage and record alone: the same on every run."""
        seed = "%s\n%s" % (self._session.stage_name, self._identity)
        return random.Random(hashlib.sha256(seed.encode()).digest())

    def check(self) -> None:
        """Ends a long calculation when the host has asked to stop; call it now and then."""
        if self._session.cancelled.is_set():
            raise Cancelled()


class SetAside(NamedTuple):
    """A record that a stage before a sink refused, failed on or held."""

    #: That of a record of the sink's own, which came of the same source record.
    identity: str
    #: The stage that refused it, by its name in the pipeline.
    stage: str
    #: Whether a person may let it pass.
    held: bool
    reason: str


class Account(NamedTuple):
    """What became of the records that a sink was given, by their identities."""

    #: What it was given and what still stands.
    standing: FrozenSet[str]
    set_aside: List[SetAside]
    #: What it was given and must take back: why, 'filed_elsewhere', 'by_person', 'with_subject' or 'stage_gone'.
    withdrawn: Dict[str, str]


class Stage:
    """One stage; override what it needs. One value serves all records, one after another."""

    #: The id in plugin.yaml, such as 'redness.index'.
    id = ""

    def __init__(self, settings: Dict[str, Any]):
        #: The settings with their defaults, under their keys in plugin.yaml.
        self.settings = settings

    @classmethod
    def problems(cls, settings: Dict[str, Any]) -> List[Dict[str, str]]:
        """What is wrong with settings that are each in range: {'setting', 'what', 'hint'}."""
        return []

    def open(self, study: Dict[str, Any], secrets: Dict[str, bytes]) -> None:
        """Opens what the stage needs; called once, before the first record."""

    def process(self, record: Record, delivery: Delivery) -> Union[Dict[str, Any], None]:
        """Makes the value of the output from a record; a sink acts and returns None."""
        raise NotImplementedError

    def destination(self) -> str:
        """For a sink: the destination's own id, the same as long as what it took is there."""
        raise NotImplementedError

    def has(self, key: Dict[str, Any]) -> bool:
        """For a sink: whether the destination has key['token']."""
        raise NotImplementedError

    def finish(self, account: Account) -> None:
        """For a sink: called when there are no more records, with what stands of those that it was given."""

    def log(self, level: str, message: str, **values: str) -> None:
        """Writes a log line: level 'debug', 'info' or 'warning'. Never with a patient's value."""
        _Session.current.tell(level, message, values)


def serve(*stages: Type[Stage]) -> None:
    """Serves stages until the host closes; ends the process."""
    if not stat.S_ISSOCK(os.fstat(0).st_mode):
        sys.exit("This is a plugin of Anagen, which starts it: 'anagen plugin test FOLDER' checks it.")
    _Session(stages).run()


class _Session:
    current: "_Session"

    def __init__(self, stages: Any):
        _Session.current = self
        self._channel = Channel(0)
        self._stages = {stage.id: stage for stage in stages}
        self._requests: "queue.Queue[Packet]" = queue.Queue()
        self._waiting: Dict[int, "queue.Queue[Packet]"] = {}
        self._type: Optional[Type[Stage]] = None
        self._settings: Dict[str, Any] = {}
        self._stage: Optional[Stage] = None
        self._makes: Optional[str] = None
        self._working = threading.Event()
        self._heartbeat = 5.0
        self.cancelled = threading.Event()
        self.stage_name = ""

    def run(self) -> None:
        threading.Thread(target=self._receive, daemon=True).start()
        while True:
            packet = self._requests.get()
            try:
                self._answer(packet)
            except StageError as error:
                self._reply(packet, {"type": "failed", "failure": error.failure()})
            except ProtocolError as error:
                print(error, file=sys.stderr, flush=True)
                os._exit(65)
            except MemoryError:
                os._exit(NO_MEMORY)

    def _receive(self) -> None:
        status = 0
        try:
            while True:
                packet = self._channel.receive()
                if packet is None:
                    break
                if packet.answers:
                    waiting = self._waiting.pop(packet.answers, None)
                    if waiting is not None:
                        waiting.put(packet)
                elif packet.message["type"] == "cancel":
                    self.cancelled.set()
                else:
                    self._requests.put(packet)
        except ProtocolError as error:
            print(error, file=sys.stderr, flush=True)
            status = 65
        except OSError:
            pass
        os._exit(status)

    def _beat(self) -> None:
        while True:
            self._working.wait()
            self._channel.send({"type": "progress"})
            threading.Event().wait(self._heartbeat / 2)

    def _reply(self, packet: Packet, message: Dict[str, Any], tail: bytes = b"") -> None:
        self._channel.send(message, tail, packet.number)

    def _answer(self, packet: Packet) -> None:
        handler = getattr(self, "_on_" + packet.message["type"], None)
        if handler is not None:
            handler(packet, packet.message)

    def _on_hello(self, packet: Packet, message: Dict[str, Any]) -> None:
        if 1 not in message.get("protocols", []):
            raise StageError("fatal", "no_common_protocol", "the plugin speaks stage protocol 1",
                             "use a version of Anagen that offers it")
        self._manifest = self._read_manifest()
        self._reply(packet, {
            "type": "hello", "protocol": 1, "name": os.path.basename(os.getcwd()), "version": "",
            "requires": [], "manifestSHA256": hashlib.sha256(self._manifest).hexdigest()})

    @staticmethod
    def _read_manifest() -> bytes:
        folder = os.path.dirname(os.path.abspath(sys.argv[0]))
        with open(os.path.join(folder, "plugin.yaml"), "rb") as file:
            return file.read()

    def _on_manifest(self, packet: Packet, message: Dict[str, Any]) -> None:
        if len(self._manifest) > 60000:
            raise StageError("fatal", "manifest_too_long", "plugin.yaml is longer than a packet",
                             "make two plugins of it")
        body = {"in": "tail", "offset": 0, "bytes": len(self._manifest)}
        self._reply(packet, {"type": "manifest", "text": body}, self._manifest)

    def _on_configure(self, packet: Packet, message: Dict[str, Any]) -> None:
        self._type = self._stages.get(message["stage"])
        if self._type is None:
            raise StageError("fatal", "unknown_stage", "the program has no stage of this id",
                             "give it to serve(), with the id of plugin.yaml")
        self._settings = message.get("settings") or {}
        self._makes = message.get("schema")
        self._reply(packet, {"type": "configured", "problems": self._type.problems(self._settings)})

    def _on_open(self, packet: Packet, message: Dict[str, Any]) -> None:
        if self._type is None or len(packet.files) != 2:
            raise ProtocolError("an open before configure, or without slots")
        size = message["slotBytes"]
        self._input = mmap.mmap(packet.files[0], size, prot=mmap.PROT_READ)
        self._output = mmap.mmap(packet.files[1], size)
        self._heartbeat = float(message["heartbeat"])
        self.stage_name = message["stage"]
        bodies = Bodies(packet, self._input)
        study = json.loads(bytes(bodies.find(message["study"])))
        bodies.close()
        secrets = {name: base64.b64decode(text) for name, text in (message.get("secrets") or {}).items()}
        stage = self._type(self._settings)
        stage.open(study, secrets)
        self._stage = stage
        reply: Dict[str, Any] = {"type": "opened", "credits": 1}
        if type(stage).destination is not Stage.destination:
            reply["destination"] = stage.destination()
        threading.Thread(target=self._beat, daemon=True).start()
        self._reply(packet, reply)

    def _on_process(self, packet: Packet, message: Dict[str, Any]) -> None:
        result: Dict[str, Any] = {
            "type": "result", "delivery": message["delivery"], "attempt": message["attempt"], "credits": 1}
        writer = BodyWriter(self._output)
        self.cancelled.clear()
        self._working.set()
        try:
            result.update(self._process(packet, message, writer))
        except Cancelled:
            result["outcome"] = "cancelled"
        except StageError as error:
            result.update(outcome="failed", failure=error.failure())
        except ProtocolError:
            raise
        except MemoryError:
            os._exit(NO_MEMORY)
        except Exception as error:  # Its text may hold a value, its type does not.
            place = _last_line(error)
            result.update(outcome="failed", failure={
                "class": "record", "code": "unexpected_error",
                "subject": "the stage raised %s%s" % (type(error).__name__, place),
                "hint": "this is a fault of the stage: report it to its author"})
        finally:
            self._working.clear()
        self._reply(packet, result, writer.tail if result.get("outcome") == "done" else b"")

    def _process(self, packet: Packet, message: Dict[str, Any], writer: BodyWriter) -> Dict[str, Any]:
        if self._stage is None:
            raise ProtocolError("a process before open")
        bodies = Bodies(packet, self._input)
        record = Record(message["record"], bodies, self._fetch)
        delivery = Delivery(
            self, message["delivery"], message["attempt"], record.identity or "", message.get("key"))
        value = self._stage.process(record, delivery)
        if message.get("key") is not None or value is None:
            return {"outcome": "done"}
        try:
            payload = json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
        except (TypeError, ValueError):
            raise StageError(
                "record", "no_json", "what the stage made is no JSON: a number that is not finite, or an object",
                "return numbers, texts, lists and dictionaries alone") from None
        return {"outcome": "done", "record": {"schema": self._makes, "payload": writer.add(payload)}}

    def _fetch(self, sha256: str) -> bytes:
        answer = self.ask({"what": "content", "sha256": sha256})
        bodies = Bodies(answer, None)
        try:
            return bytes(bodies.find(answer.message["body"]))
        finally:
            bodies.close()

    def ask(self, question: Dict[str, Any]) -> Packet:
        """Asks the host and waits for its answer."""
        waiting: "queue.Queue[Packet]" = queue.Queue()

        def register(number: int) -> None:
            self._waiting[number] = waiting

        self._channel.send({"type": "ask", **question}, register=register)
        answer = waiting.get()
        failure = answer.message.get("failure")
        if failure:
            raise StageError(failure["class"], failure["code"], failure["subject"], failure["hint"])
        return answer

    def ask_record(self, question: Dict[str, Any]) -> Optional[Record]:
        """Asks for a record; None when there is none."""
        answer = self.ask(question)
        if "record" not in answer.message:
            return None
        bodies = Bodies(answer, None)
        try:
            return Record(answer.message["record"], bodies, self._fetch)
        finally:
            bodies.close()

    def tell(self, level: str, message: str, values: Dict[str, str]) -> None:
        """Writes a log line."""
        self._channel.send({"type": "tell", "level": level, "message": message,
                            "values": {name: str(value) for name, value in values.items()}})

    def _on_query(self, packet: Packet, message: Dict[str, Any]) -> None:
        if self._stage is None:
            raise ProtocolError("a query before open")
        self._reply(packet, {"type": "answer", "has": bool(self._stage.has(message["key"]))})

    def _on_drain(self, packet: Packet, message: Dict[str, Any]) -> None:
        if self._stage is not None:
            bodies = Bodies(packet, self._input)
            told = json.loads(bytes(bodies.find(message["account"])))
            bodies.close()
            self._stage.finish(Account(
                frozenset(told["standing"]),
                [SetAside(one["identity"], one["stage"], one["held"], one["reason"]) for one in told["setAside"]],
                {one["identity"]: one["why"] for one in told["withdrawn"]}))
        self._reply(packet, {"type": "drained"})

    def _on_close(self, packet: Packet, message: Dict[str, Any]) -> None:
        os._exit(0)


def _last_line(error: BaseException) -> str:
    trace = error.__traceback__
    place = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        place = " at %s:%d" % (os.path.basename(code.co_filename), trace.tb_lineno)
        trace = trace.tb_next
    return place
