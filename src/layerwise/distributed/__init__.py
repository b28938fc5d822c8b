"""One training on several processes or machines, to the same bits for every number of them.

communicator.py   rank, size, and a sum over a fixed binary tree
layout.py         which rows of a step are in which shard, and whose
executor.py       a step: own shards, the sum, the update
local_steps.py    each rank by itself, and averages now and then
partitions.py     data of which each rank has a part
ranks.py          what ranks agree on before the first step, and how they end together
training.py       `fit`
mpi.py            the communicator of mpi4py
remote.py         a fit whose ranks are started by one process: what is sent and what comes back; mailbox.py
dask.py           ranks on the workers of Dask; dask_blocks.py: their data; dask_worker.py: what is done there
ray.py            ranks that are actors of Ray; ray_blocks.py: their data
"""

from layerwise.distributed.communicator import Communicator, PairwiseCommunicator
from layerwise.distributed.executor import RankError
from layerwise.distributed.local_steps import LocalSteps
from layerwise.distributed.partitions import Partitions
from layerwise.distributed.training import fit

__all__ = ["Communicator", "LocalSteps", "PairwiseCommunicator", "Partitions", "RankError", "fit"]
