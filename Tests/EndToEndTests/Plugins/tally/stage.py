"""A sink that says what it is told at the end."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from anagen_stage import Account, Delivery, Record, Stage, serve


class Tally(Stage):
    id = "tally.photographs"
    tokens = set()

    def destination(self) -> str:
        return "tally"

    def process(self, record: Record, delivery: Delivery) -> None:
        self.tokens.add(delivery.key["token"])

    def has(self, key) -> bool:
        return key["token"] in self.tokens

    def finish(self, account: Account) -> None:
        self.log("warning", "the photographs that stand", count=len(account.standing),
                 set_aside=len(account.set_aside), withdrawn=len(account.withdrawn))


if __name__ == "__main__":
    serve(Tally)
