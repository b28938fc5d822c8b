"""Ranks that are threads of this process: a communicator for tests, which needs no MPI."""

import queue
import threading

from layerwise.distributed import PairwiseCommunicator


class Threads(PairwiseCommunicator):
    def __init__(self, rank, size, boxes):
        super().__init__(rank, size)
        self._boxes = boxes

    def exchange(self, partner, send, receive):
        self._boxes[partner, self.rank].put(send.copy())
        receive[:] = self._boxes[self.rank, partner].get(timeout=60)


def on_ranks(size, work):
    """What work(communicator) returns on each rank; the first error of a rank is raised, with all of them noted."""
    boxes = {(a, b): queue.Queue() for a in range(size) for b in range(size)}
    results, errors = [None] * size, [None] * size

    def run(rank):
        try:
            results[rank] = work(Threads(rank, size, boxes))
        except BaseException as error:
            errors[rank] = error

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results, errors


def trained_on(size, make, *data, **arguments):
    """The networks and histories of all ranks."""
    from layerwise import distributed

    def work(communicator):
        net = make()
        history = distributed.fit(communicator, net, *data, **arguments)
        return net, history

    results, errors = on_ranks(size, work)
    failed = [error for error in errors if error is not None]
    if failed:
        raise failed[0]
    return results
