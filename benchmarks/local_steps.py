"""What local steps lose at equal epochs: MNIST's test accuracy, by ranks that are threads of this process.

python benchmarks/local_steps.py [--ranks 4] [--epochs 5] [--seeds 3]
"""

import argparse
import queue
import threading

import numpy as np

import layerwise as lw
from layerwise.distributed import LocalSteps, PairwiseCommunicator

SETTINGS = {
    "every step": None,
    "every 4": LocalSteps(4),
    "every 16": LocalSteps(16),
    "every 64": LocalSteps(64),
    "every 256": LocalSteps(256),
    "every 64, momentum 0.5": LocalSteps(64, momentum=0.5),
    "every 64, as DiLoCo": LocalSteps(64, momentum=0.9, learning_rate=0.7, nesterov=True),
    "every 256, momentum 0.5": LocalSteps(256, momentum=0.5),
    "every 256, as DiLoCo": LocalSteps(256, momentum=0.9, learning_rate=0.7, nesterov=True),
}


class Threads(PairwiseCommunicator):
    def __init__(self, rank, size, boxes):
        super().__init__(rank, size)
        self._boxes = boxes

    def exchange(self, partner, send, receive):
        self._boxes[partner, self.rank].put(send.copy())
        receive[:] = self._boxes[self.rank, partner].get()


def accuracy(ranks, settings, seed, epochs, data):
    (X, y), _, (X_test, y_test) = data
    boxes = {(a, b): queue.Queue() for a in range(ranks) for b in range(ranks)}
    nets = [lw.Network([lw.Dense(128), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=seed) for _ in range(ranks)]

    def work(rank):
        lw.distributed.fit(
            Threads(rank, ranks, boxes), nets[rank], X, y, batch_size=32 * ranks, epochs=epochs,
            local_steps=settings, n_threads=1, verbose=False,
        )  # fmt: skip

    threads = [threading.Thread(target=work, args=(rank,)) for rank in range(ranks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return nets[0].evaluate(X_test, y_test)["accuracy"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ranks", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    data = lw.datasets.load_mnist()
    print(f"784-128-10, Adam, {arguments.ranks} ranks, batch {32 * arguments.ranks}, {arguments.epochs} epochs")
    for name, settings in SETTINGS.items():
        found = [accuracy(arguments.ranks, settings, seed, arguments.epochs, data) for seed in range(arguments.seeds)]
        print(f"{name:28} {100 * np.mean(found):6.2f}%  ({', '.join(f'{100 * x:.2f}' for x in found)})", flush=True)


if __name__ == "__main__":
    main()
