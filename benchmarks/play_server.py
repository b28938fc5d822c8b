"""A fit alone, and the same fit through the page's server while a client reads every report: pairs, in turn.

$ python benchmarks/play_server.py [ROUNDS]

Prints the processor-bound seconds of both and the median of their ratios: a page that watches is to cost less than 5%.
"""

import contextlib
import queue
import statistics
import sys
import threading
import time

import numpy as np

import layerwise as lw
from layerwise.app.play import running
from layerwise.app.play.protocol import pack, unpack
from layerwise.app.play.server import application

TOKEN = "benchmark"


def works():
    """Name, layers as Python and as the page have them, data, batch size, epochs, optimizer."""
    (X, y), _, _ = lw.datasets.load_mnist()
    yield "MNIST 784-30-10, batch 10", [("Dense", 30), ("Sigmoid",), ("Dense", 10), ("Softmax",)], X, y, 10, 3
    yield "MNIST 784-128-10, batch 32", [("Dense", 128), ("ReLU",), ("Dense", 10), ("Softmax",)], X, y, 32, 2
    X, y = lw.datasets.make_spiral()
    yield "spiral 2-64-3, all rows", [("Dense", 64), ("ReLU",), ("Dense", 3), ("Softmax",)], X, y, 300, 8000


class Client:
    """What the page is, and reads all."""

    def __init__(self, port):
        from websockets.sync.client import connect

        self.socket = connect(f"ws://127.0.0.1:{port}/{TOKEN}/engine", max_size=None, compression=None)
        self.answers, self.reports, self.newest = queue.SimpleQueue(), 0, 0
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        from websockets.exceptions import ConnectionClosed

        with contextlib.suppress(ConnectionClosed):  # the server ends
            for frame in self.socket:
                message = unpack(frame)
                if "progress" in message:
                    self.reports += 1
                else:
                    self.answers.put(message)

    def call(self, call, session=None, **given):
        self.newest += 1
        message = {"id": self.newest, "call": call, "with": given}
        self.socket.send(pack(message if session is None else {**message, "session": session}))
        answer = self.answers.get()
        if "refusal" in answer:
            raise ValueError(answer["refusal"])
        return answer["result"]


def alone(layers, X, y, batch_size, epochs):
    net = lw.Network([getattr(lw, name)(*units) for name, *units in layers], random_state=0)
    net.fit(X[::3], y[::3], epochs=1, verbose=False)  # code and data are warm, as they are in a session
    net = lw.Network([getattr(lw, name)(*units) for name, *units in layers], random_state=0)
    began = time.perf_counter()
    net.fit(X, y, optimizer=lw.Adam(0.001), batch_size=batch_size, epochs=epochs, verbose=False)
    return time.perf_counter() - began, net.theta


def watched(client, layers, X, y, batch_size, epochs):
    parts = [{"type": name, **({"units": units[0]} if units else {})} for name, *units in layers]
    training = {
        "layers": parts, "random_state": 0, "scaling": None, "loss": {"type": "CategoricalCrossEntropy"},
        "optimizer": {"type": "Adam", "learning_rate": 0.001}, "penalties": [], "schedule": None, "epochs": epochs,
        "batch_size": batch_size, "shuffle": True, "clip_norm": None,
    }  # fmt: skip
    data = {"X": X.ravel(), "n": len(X), "n_in": X.shape[1], "task": "classification", "labels": y.astype(np.int32)}
    session = client.call("create", training=training, data=data)["session"]
    began = time.perf_counter()
    client.call("run", session, goal={"epochs": epochs})
    seconds = time.perf_counter() - began
    theta = client.call("theta", session)
    client.socket.send(pack({"id": 0, "call": "close", "session": session, "with": {}}))
    return seconds, theta


def main(rounds):
    listening, ready = running.bound(0), threading.Event()
    server = running.server(application(TOKEN), ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    ready.wait(10)
    client = Client(listening.getsockname()[1])
    for name, *work in works():
        ratios, seconds = [], []
        for turn in range(rounds):
            pair = [alone, lambda *work: watched(client, *work)]
            found = [(which, pair[which](*work)) for which in ((0, 1) if turn % 2 else (1, 0))]
            (one, first), (two, second) = (result for _, result in sorted(found, key=lambda item: item[0]))
            assert np.array_equal(first, second)
            ratios.append(two / one)
            seconds.append((one, two))
        least = [min(column) for column in zip(*seconds)]
        print(f"{name}: alone {least[0]:.2f} s, watched {least[1]:.2f} s; median of {rounds} ratios "
              f"{statistics.median(ratios):.3f}, of the least {least[1] / least[0]:.3f}")  # fmt: skip
    server.should_exit = True
    thread.join(10)
    listening.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
