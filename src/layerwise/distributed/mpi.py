"""The communicator of MPI, by mpi4py: `mpiexec -n 4 python train.py`."""

from __future__ import annotations

from typing import Any

from layerwise.distributed.communicator import PairwiseCommunicator
from layerwise.typing import Array


class MPICommunicator(PairwiseCommunicator):
    """Ranks of MPI.

    Parameters
    ----------
    comm : mpi4py.MPI.Comm
        A copy of it is used, so that other messages of the program do not meet with these.
    """

    def __init__(self, comm: Any) -> None:
        super().__init__(comm.Get_rank(), comm.Get_size())
        self._comm = comm.Dup()

    def exchange(self, partner: int, send: Array, receive: Array) -> None:
        """Give an array to another rank, and take its one."""
        self._comm.Sendrecv(send, partner, recvbuf=receive, source=partner)
