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
    """Base of the callbacks: define the hooks that are needed; only those cost time.

    Attributes
    ----------
    every_steps : int
        `on_step_end` is called after every so many steps of the fit; those between two calls are made without a
        return to Python.
    changes_weights : bool
        Whether it puts other weights in for the end of an epoch: then its `on_evaluate`, and the `on_epoch_begin` that
        takes them out, come before those of the others.
    writes_all_down : bool
        Whether it keeps what all others have made of a step or an epoch: then it comes after them.
    state_names : tuple of str
        The attributes that it must find again to go on from a checkpoint: numbers, text, lists of them, and arrays.
        `Checkpoint` writes them; `restore` puts them back.
    only_looks : bool
        Whether the training is the same without it: then a resumed fit may have it or not, with any settings.
    reads_history_only : bool
        Its `on_epoch_end` looks at nothing but `history`, `epoch` and `step`, and does nothing to the training but to
        `stop` it. Short epochs are then made many at a time, and looked at afterwards.

    Examples
    --------
    >>> class StopAtLoss(Callback):
    ...     def on_epoch_end(self, run):
    ...         if run.history["loss"][-1] < 0.1:
    ...             run.stop("the loss is below 0.1")
    """

    every_steps: int = 1
    changes_weights: bool = False
    writes_all_down: bool = False
    only_looks: bool = False
    reads_history_only: bool = False
    state_names: tuple[str, ...] = ()

    def on_fit_begin(self, run: Training) -> None:
        """Before the first epoch."""

    def on_epoch_begin(self, run: Training) -> None:
        """Before an epoch's first step."""

    def on_step_end(self, run: Training) -> None:
        """After a step, or after every so many."""

    def on_progress(self, run: Training) -> None:
        """About ten times a second within long epochs."""

    def on_pause(self, run: Training) -> None:
        """Between two steps or epochs, about ten times a second or as often and at the step that `run.pauses` says.

        It costs short epochs nothing: where they can be made many at a time, they are. What was learned may be looked
        at and changed here, and ``run.pauses.wait(until)`` lets the training stand still.
        """

    def on_interrupt(self, run: Training) -> None:
        """The training ends within an epoch, by Ctrl-C or a `stop`; what was made of it is evaluated next."""

    def on_evaluate(self, run: Training) -> None:
        """After an epoch's last step, before the validation: the place to put other weights in."""

    def on_epoch_end(self, run: Training) -> None:
        """After an epoch, its row of the history written."""

    def on_divergence(self, run: Training) -> bool:
        """A loss was not finite, and the last good weights are back: True ends the training without an error.

        `run.divergence` is the error.
        """
        return False

    def on_fit_end(self, run: Training) -> None:
        """After the last epoch, on every way out, errors of callbacks included."""

    def state(self) -> dict[str, Any]:
        """The attributes of `state_names`, for a checkpoint."""
        return {name: getattr(self, name) for name in self.state_names}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave; called after `on_fit_begin`."""
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
