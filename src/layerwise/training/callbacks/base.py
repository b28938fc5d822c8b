"""The base of all callbacks: hooks at the beginning and end of the fit, each epoch and each step.

    on_fit_begin
        on_epoch_begin   steps, with on_step_end and on_progress   on_evaluate   validation, the row   on_epoch_end
        on_interrupt, only then: between the steps and on_evaluate
        on_pause, between two steps or epochs
    on_divergence, only then
    on_fit_end

A callback is handed the running `Training`: its `epoch`, `step`, `history`, `optimizer`, `parameters` and
`network`. It may change `optimizer.learning_rate` or `rate.factor`, `record` a number, say with which weights the fit
shall `end_with`, or `stop` it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.errors import FormatError
from layerwise.parts.description import whole_number

if TYPE_CHECKING:
    from layerwise.training.loop import Training


class Callback:
    """Base class of the callbacks, whose methods are called during training.

    A custom callback is a subclass that defines some of the methods ``on_…``. Each gets the training `run`, with the
    attributes `network`, `history`, `epoch` (from 1), `epochs`, `step`, `loss` and `optimizer`, and the methods
    ``stop(reason)``, ``record(name, value)``, which adds a column to the history, and ``save(path)``.

    Attributes
    ----------
    every_steps : int
        The number of steps between two calls of `on_step_end`. They are made without a return to Python.
    changes_weights : bool
        True for a callback that replaces the weights at the end of an epoch. Its `on_evaluate` and `on_epoch_begin` are
        called before those of other callbacks.
    writes_all_down : bool
        True for a callback that stores what others have computed. It is called after them.
    state_names : tuple of str
        The names of the attributes that are needed to resume from a checkpoint: numbers, text, lists of them, and
        arrays.
    only_looks : bool
        True if the training is the same without the callback. A resumed fit may then add, change or omit it.
    reads_history_only : bool
        True if `on_epoch_end` uses only `history`, `epoch`, `step` and `stop` of the run. Several short epochs are then
        made at once, and `on_epoch_end` is called for each afterwards.

    Examples
    --------
    >>> import layerwise as lw
    >>> class StopAtLoss(lw.Callback):
    ...     def __init__(self, loss):
    ...         self.loss = loss
    ...     def on_epoch_end(self, run):
    ...         if run.history["loss"][-1] < self.loss:
    ...             run.stop(f"the loss is below {self.loss}")
    >>> X, y = lw.datasets.make_spiral()
    >>> net = lw.Network([lw.Dense(64), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    >>> net.fit(X, y, optimizer=lw.Adam(0.05), epochs=200, callbacks=StopAtLoss(0.8), verbose=False).stopped_by
    'the loss is below 0.8'
    """

    every_steps: int = 1
    changes_weights: bool = False
    writes_all_down: bool = False
    only_looks: bool = False
    reads_history_only: bool = False
    state_names: tuple[str, ...] = ()

    def on_fit_begin(self, run: Training) -> None:
        """Run before the first epoch."""

    def on_epoch_begin(self, run: Training) -> None:
        """Run before the first step of an epoch."""

    def on_step_end(self, run: Training) -> None:
        """Run after a step, or after every `every_steps` steps."""

    def on_progress(self, run: Training) -> None:
        """Run about ten times a second during long epochs."""

    def on_pause(self, run: Training) -> None:
        """Run between two steps or epochs, about ten times a second or as `run.pauses` says.

        Here the network may be read and changed, and ``run.pauses.wait(until)`` interrupts the training.
        """

    def on_interrupt(self, run: Training) -> None:
        """Run when the training ends within an epoch, by Ctrl-C or `run.stop`, before the evaluation."""

    def on_evaluate(self, run: Training) -> None:
        """Run after the last step of an epoch, before the evaluation. Weights may be replaced here."""

    def on_epoch_end(self, run: Training) -> None:
        """Run after an epoch and its evaluation. The history has the row of the epoch."""

    def on_divergence(self, run: Training) -> bool:
        """Run when a loss was not finite. The last good weights have been restored.

        Parameters
        ----------
        run : Training
            The training. `run.divergence` is the error.

        Returns
        -------
        bool
            True to end the training without an error.
        """
        return False

    def on_fit_end(self, run: Training) -> None:
        """Run after the last epoch, also if the training ends with an error."""

    def state(self) -> dict[str, Any]:
        """Return the attributes of `state_names`, for a checkpoint."""
        return {name: getattr(self, name) for name in self.state_names}

    def restore(self, state: dict[str, Any]) -> None:
        """Set the attributes of `state_names` from a checkpoint, after `on_fit_begin`.

        Parameters
        ----------
        state : dict
            The result of `state`.
        """
        for name in self.state_names:
            now, value = getattr(self, name), state[name]
            if not _alike(now, value):
                raise FormatError(f"{type(self).__name__}.{name} must be like {now!r:.80}; got {value!r:.80}")
            setattr(self, name, value)


def _alike(now: Any, value: Any) -> bool:
    """Whether a value may take the place of another: a number that of a number, text of text; None's may be any."""
    kinds = (bool, (int, float), str, list, dict, np.ndarray)
    return next((isinstance(value, kind) for kind in kinds if isinstance(now, kind)), True)


HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))


def as_callbacks(value: Callback | Sequence[Callback] | None) -> list[Callback]:
    """Return a list of callbacks from one, several or none.

    Parameters
    ----------
    value : Callback, sequence of Callback or None
        The callbacks.

    Returns
    -------
    list of Callback
        The callbacks.

    Raises
    ------
    TypeError
        One of them is not a callback.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.callbacks.as_callbacks(lw.EarlyStopping())
    [EarlyStopping()]
    """
    several = isinstance(value, Iterable) and not isinstance(value, (str, type))
    callbacks: list[Any] = [] if value is None else list(value) if several else [value]  # type: ignore[arg-type]
    for callback in callbacks:
        if isinstance(callback, type) and issubclass(callback, Callback):
            raise TypeError(
                f"callbacks holds the class {callback.__name__}; give an instance: {callback.__name__}(...)"
            )
        if not isinstance(callback, Callback):
            raise TypeError(f"callbacks must be instances of Callback; got {callback!r}")
    return callbacks


Hook = Callable[["Training"], Any]


def hooks(callbacks: Sequence[Callback]) -> dict[str, list[Hook]]:
    """For each hook, those that define it.

    First come those that put other weights in, for all others to see them; last those that write down what the others
    made.
    """
    found: dict[str, list[Hook]] = {}
    for name in HOOKS:
        first = name in ("on_epoch_begin", "on_evaluate")
        ordered = sorted(callbacks, key=lambda c: not c.changes_weights) if first else _writers_last(callbacks)
        found[name] = [getattr(callback, name) for callback in ordered if _defines(callback, name)]
    return found


def step_hooks(callbacks: Sequence[Callback]) -> list[tuple[Hook, int]]:
    """Every `on_step_end`, and after how many steps it is called."""
    return [
        (callback.on_step_end, whole_number(callback, "every_steps", callback.every_steps, least=1))
        for callback in _writers_last(callbacks)
        if _defines(callback, "on_step_end")
    ]


def _writers_last(callbacks: Sequence[Callback]) -> list[Callback]:
    return sorted(callbacks, key=lambda c: c.writes_all_down)


def _defines(callback: Callback, name: str) -> bool:
    return getattr(getattr(callback, name), "__func__", None) is not getattr(Callback, name)
