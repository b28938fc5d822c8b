"""A page in Python: what page/src/engine/server.ts does, for tests that need no browser."""

import queue

import numpy as np

from layerwise.app.play.connection import Connection
from layerwise.app.play.protocol import pack, unpack


class Refused(Exception):
    pass


class Talk:
    """Calls of a page on a connection; reports of progress are kept in `reports`."""

    def __init__(self, send=None, **options):
        self.frames, self.reports, self.answers, self.newest = queue.SimpleQueue(), [], {}, 0
        self.connection = None if send else Connection(self.frames.put, lambda: True, **options)
        self.send = send or self.connection.receive

    def ask(self, call, session=None, **given):
        """Ask, and do not wait; return the number of the call."""
        self.newest += 1
        message = {"id": self.newest, "call": call, "with": given}
        self.send(pack(message if session is None else {**message, "session": session}))
        return self.newest

    def wait(self, id, seconds=30):
        """The answer to a call."""
        while id not in self.answers:
            message = unpack(self.frames.get(timeout=seconds))
            if "progress" in message:
                self.reports.append(message["progress"])
            else:
                self.answers[message["id"]] = message
        answer = self.answers.pop(id)
        if "refusal" in answer:
            raise Refused(answer["refusal"])
        return answer["result"]

    def call(self, name, session=None, **given):
        return self.wait(self.ask(name, session, **given))

    def rows(self, name):
        """A column of all reports so far."""
        return np.concatenate([report["rows"][name] for report in self.reports if report["rows"]])


TRAINING = {
    "layers": [
        {"type": "Dense", "units": 16}, {"type": "Tanh"}, {"type": "Dense", "units": 3}, {"type": "Softmax"},
    ],
    "random_state": 3, "scaling": None, "loss": {"type": "CategoricalCrossEntropy"},
    "optimizer": {"type": "Adam", "learning_rate": 0.01}, "penalties": [], "schedule": None, "epochs": 10,
    "batch_size": 32, "shuffle": True, "clip_norm": None,
}  # fmt: skip


def data_of(X, y, **more):
    """As the page sends labelled rows."""
    X = np.ascontiguousarray(X)
    labels = np.asarray(y, np.int32)
    return {"X": X.ravel(), "n": len(X), "n_in": X.shape[1], "task": "classification", "labels": labels, **more}
