"""How ranks add up: a communicator has a rank, a size, and a sum in place over a fixed binary tree.

    ranks      0   1   2   3        sum, element by element: (0 + 1) + (2 + 3)
               └─┬─┘   └─┬─┘
                 └───┬───┘          the same bits on every rank, and whatever exchanges halves or wholes

A sum of floating-point numbers depends on its order, and an all-reduce of MPI promises none. So the sum is made here,
of exchanges between two ranks: of wholes where arrays are short; of halves, then quarters, and back where they are long
(recursive halving and doubling: Thakur, Rabenseifner, Gropp 2005). Each element takes the same way up the tree.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Protocol, runtime_checkable

import numpy as np

from layerwise.errors import DataError
from layerwise.typing import Array

_SHORT = 2**15  # bytes that are exchanged whole: one way there is quicker than two of halves


@runtime_checkable
class Communicator(Protocol):
    """Protocol of a connection between the ranks of a distributed training.

    Attributes
    ----------
    rank, size : int
        The number of this rank, from 0, and the number of ranks, a power of two.
    """

    rank: int
    size: int

    def sum(self, array: Array) -> None:
        """Replace an array by the sum of the arrays of all ranks.

        Parameters
        ----------
        array : array
            A contiguous array, changed in place. The sum is formed in the order of a binary tree over the ranks.
        """


class PairwiseCommunicator(ABC):
    """Base class of communicators that exchange arrays between pairs of ranks.

    A subclass defines `exchange`; `sum` follows from it.

    Parameters
    ----------
    rank, size : int
        The number of this rank, from 0, and the number of ranks, a power of two.

    Attributes
    ----------
    has_own_cores : bool
        True if the launcher gave this process its share of the host's cores. Otherwise the ranks of a host divide the
        cores among themselves.

    Raises
    ------
    DataError
        `size` is not a power of two.
    """

    has_own_cores: bool = False

    def __init__(self, rank: int, size: int) -> None:
        self.rank, self.size = check_size(rank, size)
        self._rooms: dict[str, Array] = {}

    @abstractmethod
    def exchange(self, partner: int, send: Array, receive: Array) -> None:
        """Exchange arrays with another rank.

        Parameters
        ----------
        partner : int
            The number of the other rank.
        send : array of shape (n,)
            The array for the other rank.
        receive : array of shape (m,)
            The array that the other rank's array is written to. Its length is known to both.
        """

    def sum(self, array: Array) -> None:
        """Replace an array by the sum of the arrays of all ranks.

        Parameters
        ----------
        array : array
            A contiguous array, changed in place. The sum is formed in the order of a binary tree over the ranks.
        """
        flat = array.reshape(-1)
        if flat.nbytes <= _SHORT or len(flat) < self.size:
            self._sum_wholes(flat)
        else:
            self._sum_halves(flat)

    def _sum_wholes(self, flat: Array) -> None:
        room = self._room(flat)
        for distance in distances(self.size):
            self.exchange(self.rank ^ distance, flat, room)
            np.add(flat, room, out=flat)

    def _sum_halves(self, flat: Array) -> None:
        low, high, cuts = 0, len(flat), []
        for distance in distances(self.size):
            middle = (low + high) // 2
            mine, other = slice(low, middle), slice(middle, high)
            if self.rank & distance:
                mine, other = other, mine
            room = self._room(flat[mine])
            self.exchange(self.rank ^ distance, flat[other], room)
            np.add(flat[mine], room, out=flat[mine])
            cuts.append((distance, mine, other))
            low, high = mine.start, mine.stop
        for distance, mine, other in reversed(cuts):
            self.exchange(self.rank ^ distance, flat[mine], flat[other])

    def _room(self, like: Array) -> Array:
        room = self._rooms.get(like.dtype.str)
        if room is None or len(room) < len(like):
            room = self._rooms[like.dtype.str] = np.empty_like(like)
        return room[: len(like)]


class Alone(PairwiseCommunicator):
    """The communicator of a single rank."""

    def __init__(self) -> None:
        super().__init__(0, 1)

    def exchange(self, partner: int, send: Array, receive: Array) -> None:
        """There is nobody else."""
        raise AssertionError("a single rank exchanges nothing")


def check_size(rank: int, size: int) -> tuple[int, int]:
    """Return them, or refuse a number of ranks that is no power of two."""
    if size < 1 or size & (size - 1):
        below = 1 << (size.bit_length() - 1) if size > 0 else 1
        raise DataError(
            f"training on several ranks: their number must be a power of two, since their sums are made pair by pair; "
            f"got {size}. Start {below} or {2 * below}"
        )
    return rank, size


def distances(size: int) -> list[int]:
    """How far partners are apart, from the leaves of the tree to its root."""
    return [1 << level for level in range(size.bit_length() - 1)]


def gather(communicator: Communicator, own: bytes) -> list[bytes]:
    """Return what every rank gave, in the order of the ranks."""
    lengths = np.zeros(communicator.size, np.int64)
    lengths[communicator.rank] = len(own)
    communicator.sum(lengths)
    ends = np.cumsum(lengths)
    everything = np.zeros(int(ends[-1]) or 1, np.uint8)
    end = int(ends[communicator.rank])
    everything[end - len(own) : end] = np.frombuffer(own, np.uint8)
    communicator.sum(everything)
    return [everything[end - n : end].tobytes() for n, end in zip(lengths.tolist(), ends.tolist(), strict=True)]


def as_communicator(given: Any) -> Communicator:
    """A communicator, or one made of an mpi4py communicator.

    Raises
    ------
    TypeError
        It is neither.
    """
    if type(given).__module__.partition(".")[0] == "mpi4py":
        from layerwise.distributed.mpi import MPICommunicator

        return MPICommunicator(given)
    if isinstance(given, Communicator):
        check_size(given.rank, given.size)
        return given
    raise TypeError(
        "distributed.fit: give a communicator with rank, size and sum, such as mpi4py's MPI.COMM_WORLD; got "
        f"{given!r:.80}"
    )
