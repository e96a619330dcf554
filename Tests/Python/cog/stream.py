"""A model of the studio's tests that sends its events while it works."""

import time
from typing import Iterator

import cog
from cog import BaseRunner


class Predictor(BaseRunner):
    @cog.streaming
    def run(self, lines: int = 3, fail: bool = False) -> Iterator[str]:
        for line in range(lines):
            print(f"line {line}")
        self.record_metric("progress", 0.5)
        yield "A lake, "
        time.sleep(0.2)
        if fail:
            raise ValueError("no words")
        yield "and wind."
