"""What an executor is: the contract between the training loop and what computes its steps.

    begin_epoch ─► reorder ─► run, run, … ─► results       an epoch, in as many calls as there are reasons to look up
                              state ─► restore             the same, with a checkpoint between two calls

The NumPy executor is the specification; the native one does the same in C++. Only `choice.py` knows that there are two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Protocol

from layerwise.data.rows import Rows
from layerwise.data.targets import Targets
from layerwise.engine.halves import Halves
from layerwise.engine.passes import Score
from layerwise.engine.plan import Plan
from layerwise.parts.losses import Loss
from layerwise.parts.optimizers import Optimizer
from layerwise.parts.parameters import Parameters
from layerwise.typing import Array


class Executor(Protocol):
    """Trains a plan on some data, in place: theta, grad and the optimizer's state are those that it was given.

    The same seed, data, order and calls give the same bits, whatever the number of threads, and however the steps of an
    epoch are distributed over calls of `run`. A step whose loss is not finite changes nothing. Executors differ from
    each other in the last digits.

    Attributes
    ----------
    name : str
        As in ``fit(engine=)``.
    plan : Plan
        With loss, penalties and optimizer, which are also in `loss` and `optimizer`.
    parameters : Parameters
        What is trained.
    rows, targets : Rows, Targets
        The data.
    batch_size : int
        Samples a step; the last step of an epoch may have fewer.
    finite : bool
        False once a loss was not finite.
    clip_norm : float, optional
        A gradient that is longer is shortened to this length. May be changed between two calls.
    frozen : set of int
        The layers whose parameters stay as they are. May be changed between two calls.
    epochs_at_once : bool
        Whether `run_epochs` may be used: nothing has to be done between two epochs.
    """

    name: str
    plan: Plan
    parameters: Parameters
    rows: Rows
    targets: Targets
    loss: Loss
    optimizer: Optimizer
    batch_size: int
    finite: bool
    clip_norm: float | None
    frozen: Set[int]
    epochs_at_once: bool

    def begin_epoch(self) -> None:
        """Forget the sums of the epoch before."""

    def reorder(self, order: Array) -> None:
        """Read the rows in this order from now on."""

    def run(
        self,
        first: int,
        last: int,
        step: int,
        poll: Callable[[], bool] | None = None,
        rates: Sequence[float] | Array | None = None,
    ) -> int:
        """Make steps `first` to `last` - 1 of an epoch.

        Parameters
        ----------
        first, last : int
            Which steps of the epoch.
        step : int
            The number of step `first` over the whole run: the key of the dropout draws.
        poll : function, optional
            Called about ten times a second between two steps; True ends the call.
        rates : sequence of float, optional
            The optimizer's learning rate for each of the steps; by default the one it has.

        Returns
        -------
        int
            How many steps were made: fewer than asked if `poll` said so, or if a loss was not finite; then `finite`
            is False, and that step changed nothing.
        """

    def run_epochs(
        self,
        epochs: int,
        step: int,
        poll: Callable[[], bool] | None = None,
        rates: Sequence[float] | Array | None = None,
    ) -> dict[str, list[float]]:
        """Make so many epochs of one step each, of which `step` is the first.

        Returns
        -------
        dict of list
            What `results` would give after each of those made, and the `seconds` that each took.
        """

    def results(self, samples: int) -> dict[str, float]:
        """Loss, penalty and, where answers are right or wrong, accuracy over the epoch's first samples."""

    def last_loss(self) -> float:
        """The mean data loss of the newest step's samples, not weighted; NaN before the first."""

    def state(self, samples: int) -> dict[str, Array]:
        """What is known of the epoch after its first `samples` rows, for `restore`."""

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on with an epoch from what `state` gave."""

    def gradient(self, start: int, stop: int, step: int) -> bool:
        """Write the gradient of loss and penalties on these rows, one batch, into `grad`; False if it is not finite."""

    def first_bad_layer(self, start: int, stop: int, step: int) -> str:
        """The first layer whose output on these rows is not finite."""


class Divisible(Executor, Protocol):
    """An executor that can also take other rows within an epoch, and make its steps in two halves."""

    def load(self, rows: Rows, targets: Targets, order: Array | None) -> None:
        """Take other rows, and the order in which they are read; what the epoch has summed up stays.

        Steps then count from the first of these rows.
        """

    def halves(self, shard_size: int) -> Halves:
        """The same on the same rows, a step in two halves; a shard has at most so many rows."""


class Evaluator(Protocol):
    """Finds loss and right answers on a data set, without training; made once, called often."""

    plan: Plan
    parameters: Parameters
    rows: Rows
    targets: Targets

    def run(self, collect: Array | None = None) -> Score:
        """One pass over all rows; the outputs too, into `collect` (n, n_out), where it is given."""
