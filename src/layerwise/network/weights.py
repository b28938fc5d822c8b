"""The weights of a network: made, read and set, layer by layer; and which layers are frozen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from layerwise.data.philox import WEIGHTS, generator
from layerwise.engine.contract import check_layer
from layerwise.engine.plan import (
    Plan,
    compile_layers,
    inputs_of,
)
from layerwise.errors import DataError, NotBuiltError, ShapeError
from layerwise.files.model import State
from layerwise.parts.description import whole_number
from layerwise.parts.parameters import Parameters, assign, read_values
from layerwise.typing import Array, ArrayLike


class Weights(State):
    """A network's state, and its weights and biases."""

    plan: Plan | None

    def build(self, n_in: int) -> Self:
        """Create the parameters and draw their first values. `fit` and `forward` call it when it is needed.

        Parameters
        ----------
        n_in : int
            The number of inputs of a sample.

        Returns
        -------
        Network
            The network itself.

        Raises
        ------
        ShapeError
            The network was built for another number of inputs, or its layers do not fit together.
        """
        plan = compile_layers(self.layers, whole_number("Network.build", "n_in", n_in, least=1))
        if self.parameters is not None:
            if plan.n_in != self.built()[0].n_in:
                raise ShapeError(f"the network takes {self.built()[0].n_in} inputs; got {n_in}")
            return self
        parameters = Parameters([s.layer.parameter_shapes(s.n_in) for s in plan.stages], self.dtype)
        for stage, p in zip(plan.stages, parameters.p, strict=True):
            try:
                stage.layer.initialize(p, generator(self.seed, WEIGHTS, stage.index))
            except ShapeError as error:
                raise ShapeError(f"{stage}, with {stage.n_in} inputs: {error}") from None
            check_layer(stage, p)
        self.plan, self.n_in, self.parameters = plan, plan.n_in, parameters
        return self

    def built(self) -> tuple[Plan, Parameters]:
        """The plan and the parameters.

        Raises
        ------
        NotBuiltError
            The sizes are not known yet.
        """
        parameters = self.known_parameters()
        assert self.plan is not None
        return self.plan, parameters

    @property
    def grad(self) -> Array:
        """The gradients of the last backward pass, as one vector in the order of `theta`."""
        return self.built()[1].grad

    @grad.setter
    def grad(self, values: ArrayLike) -> None:
        assign(self.built()[1].grad, values, "grad")

    def get_parameters(self, layer: int | None = None) -> list[Array]:
        """Return copies of all weights and biases, in the order W1, b1, W2, b2, ….

        Parameters
        ----------
        layer : int, optional
            The index of a layer, to return the parameters of this layer only. Negative indices count from the last
            layer.

        Returns
        -------
        list of array
            The parameters.

        Raises
        ------
        ShapeError
            There is no such layer, or it has no parameters.
        NotBuiltError
            The network has no parameters yet.
        """
        p = self.built()[1].p
        chosen = p if layer is None else [p[i] for i in self.layer_indices("get_parameters", [layer])]
        return [array.copy() for one in chosen for array in vars(one).values()]

    def set_parameters(self, values: Sequence[ArrayLike], layer: int | None = None) -> None:
        """Set the weights and biases.

        Parameters
        ----------
        values : sequence of array-like
            The parameters, in the order of `get_parameters`: W1, b1, W2, b2, ….
        layer : int, optional
            The index of a layer, to set the parameters of this layer only, for example to those of another network's
            layer.

        Raises
        ------
        ShapeError
            The number or the shapes of the arrays do not fit the layers. Nothing is changed.
        DataError
            A value is NaN or infinite. Nothing is changed.
        NotBuiltError
            `layer` is given, and the network is not built yet.

        Examples
        --------
        >>> import layerwise as lw
        >>> old = lw.Network([lw.Dense(8), lw.ReLU(), lw.Dense(10)]).build(64)
        >>> new = lw.Network([lw.Dense(8), lw.ReLU(), lw.Dense(3)]).build(64)
        >>> new.set_parameters(old.get_parameters(0), layer=0)
        >>> (new.get_parameters(0)[0] == old.get_parameters(0)[0]).all()
        np.True_
        """
        arrays = read_values(values, self.dtype)
        if self.plan is None and layer is not None:
            raise NotBuiltError("set_parameters for one layer needs the network's sizes: call build(n_in) first")
        if self.plan is None and (not arrays or arrays[0].ndim != 2):
            raise NotBuiltError("the first array must be the first layer's weights (inputs, units)")
        plan = self.plan or compile_layers(self.layers, inputs_of(self.layers, arrays[0].shape[0]))
        chosen = range(len(plan.stages)) if layer is None else sorted(self.layer_indices("set_parameters", [layer]))
        stages = [plan.stages[i] for i in chosen]
        shapes = [shape for s in stages for shape in s.layer.parameter_shapes(s.n_in).values()]
        if [a.shape for a in arrays] != shapes:
            where = "" if layer is None else f" for layer {layer}"
            raise ShapeError(
                f"set_parameters needs arrays of the shapes {shapes}{where}; got {[a.shape for a in arrays]}"
            )
        if not all(np.isfinite(a).all() for a in arrays):
            raise DataError(
                f"set_parameters: the arrays hold NaN, infinity or numbers too large for {self.dtype.name}; nothing "
                "was changed"
            )
        self.build(plan.n_in)
        own = [array for i in chosen for array in vars(self.built()[1].p[i]).values()]
        for target, array in zip(own, arrays, strict=True):
            target[...] = array

    def freeze(self, *layers: int) -> Self:
        """Exclude layers from training until `unfreeze` is called. The model file keeps this.

        Parameters
        ----------
        *layers : int
            The indices of the layers. Negative indices count from the last layer.

        Returns
        -------
        Network
            The network itself.

        Raises
        ------
        ShapeError
            There is no such layer, or none of the layers has parameters.

        See Also
        --------
        layerwise.Freeze : Freeze layers in some epochs of a fit.

        Examples
        --------
        >>> import layerwise as lw
        >>> net = lw.Network([lw.Dense(8), lw.ReLU(), lw.Dense(2)]).freeze(0)
        >>> sorted(net.frozen)
        [0]
        """
        self.frozen |= self.layer_indices("freeze", layers)
        return self

    def unfreeze(self, *layers: int) -> Self:
        """Include layers in training again.

        Parameters
        ----------
        *layers : int
            The indices of the layers; without any, all layers.

        Returns
        -------
        Network
            The network itself.
        """
        self.frozen -= self.layer_indices("unfreeze", layers) if layers else self.frozen
        return self

    def layer_indices(self, owner: str, layers: Sequence[int]) -> frozenset[int]:
        """Return layers by their numbers from 0, for numbers that may be negative.

        Raises
        ------
        ShapeError
            There is no such layer, or none of them has anything to learn.
        """
        last, found = len(self.layers) - 1, set()
        for index in layers:
            if not isinstance(index, (int, np.integer)) or isinstance(index, bool):
                raise TypeError(f"{owner}: layers are given by whole numbers; got {index!r}")
            if not -last - 1 <= index <= last:
                raise ShapeError(f"{owner}: there is no layer {index}; the network has layers 0 to {last}")
            found.add(int(index) % (last + 1))
        if not any(self.layers[index].parameter_shapes(1) for index in found):
            named = ", ".join(f"{index} ({self.layers[index]!r})" for index in sorted(found)) or "none"
            learns = [i for i, layer in enumerate(self.layers) if layer.parameter_shapes(1)]
            raise ShapeError(f"{owner}: nothing in these layers learns: {named}; those that do are {learns}")
        return frozenset(found)
