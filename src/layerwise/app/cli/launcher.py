"""Which of several processes this one is, by the environment that mpiexec, mpirun and srun set, before MPI is there."""

from __future__ import annotations

import os

_NAMES = (  # of the rank, and of the number of ranks
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),  # Open MPI
    ("PMI_RANK", "PMI_SIZE"),  # MPICH, Intel MPI, MS-MPI, srun --mpi=pmi2
    ("PMIX_RANK", "SLURM_STEP_NUM_TASKS"),  # srun --mpi=pmix
)


def launched() -> tuple[int, int] | None:
    """Return the rank and how many there are; None for a process alone."""
    for names in _NAMES:
        rank, size = (os.environ.get(name, "") for name in names)
        if rank.isdecimal() and size.isdecimal():
            return (int(rank), int(size)) if int(size) > 1 else None
    return None
