"""Stages of Anagen in Python.

    from anagen_stage import Delivery, Record, Stage, serve

    class Redness(Stage):
        id = "redness.index"

        def process(self, record: Record, delivery: Delivery) -> dict:
            return {"redness": 0.4}

    if __name__ == "__main__":
        serve(Redness)

What the stage takes, makes and can be set to stands in plugin.yaml beside the program, once.
"""

from ._records import Content, Frame, Record
from ._serve import Account, Delivery, SetAside, Stage, serve
from ._wire import StageError

__all__ = ["Account", "Content", "Delivery", "Frame", "Record", "SetAside", "Stage", "StageError", "serve"]
__version__ = "0.1.0"
