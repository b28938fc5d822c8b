"""Images changed at random, a little and anew in every epoch, so that a network sees more of them than there are.

    X[rows] ──► padded by `fill` ──► sampled once, between four pixels ──► + noise ──► X's own type
                                          ▲
    (seed, epoch, row) ──► shift, rotation, scale, shear: one affine map ─┐
                      └──► a field of noise, smoothed: elastic ───────────┴──► where each pixel comes from

NumPy's body here is the specification; native/augment.h does the same in C++. A row's draws depend on nothing else than
seed, epoch and the row's own number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

import numpy as np

from layerwise.data.philox import words_of
from layerwise.errors import DataError, ShapeError
from layerwise.parts.description import Description, number, whole_number
from layerwise.parts.masked import unmasked
from layerwise.typing import Array, ArrayLike

_native: Any = None
with suppress(ImportError):
    _native = import_module("layerwise._native")

_AFFINE, _FIELD, _NOISE = (2**31 + i for i in range(3))  # in place of a layer in a draw's key: no network has so many
_TYPES = (np.uint8, np.float32, np.float64)
_CHUNK = 64  # images that NumPy works on together, so that they stay in the cache


class Augmentation(Description):
    """Random changes of images: shift, rotation, scale, shear, elastic deformation and noise.

    All are off by default. Each image is interpolated once, however many changes there are: the pixel at p comes from::

        q = c + S⁻¹ H⁻¹ R⁻¹ (p - c - t) + d(p)

    with the image's centre c, shift t, rotation R, shear H, scale S and elastic displacement d, interpolated linearly
    between the four pixels around q. All are drawn for each image in each epoch, uniformly from their ranges.

    Parameters
    ----------
    shape : (height, width) or (height, width, channels), default=(28, 28)
        The shape of an image, in which a row of X is read. The channels of a pixel follow one another, and move
        together.
    shift : float, default=0
        The largest shift up, down, left or right, in pixels.
    whole_shift : bool, default=False
        Shift by whole pixels only, without interpolation. `shift` must then be a whole number.
    rotation : float, default=0
        The largest rotation to either side, in degrees.
    scale : float, default=0
        Height and width are multiplied by separate factors from 1 - `scale` to 1 + `scale`.
    shear : float, default=0
        The largest angle by which vertical lines are slanted to either side, in degrees.
    elastic_alpha : float, default=0
        The strength of the elastic deformation of Simard, Steinkraus and Platt [1]_, in pixels. Each pixel draws a
        displacement in both directions, uniform on [-1, 1]; the two fields are convolved with a Gaussian whose values
        sum to 1, taken as 0 beyond the image, and multiplied by `elastic_alpha`. So 34 with a sigma of 4, the paper's
        choice for 29x29, moves a pixel in the middle by 34 / √3 / (2 · 4 · √π), 1.4 pixels, as a root mean square.
    elastic_sigma : float, default=4
        The standard deviation of that Gaussian, in pixels.
    noise : float, default=0
        The standard deviation of Gaussian noise, added to every number: for uint8 as a fraction of 255, otherwise in
        the units of X.
    fill : float, default=0
        The value outside the image, in the units of X.

    References
    ----------
    .. [1] P. Y. Simard, D. Steinkraus, J. C. Platt, "Best practices for convolutional neural networks applied to
       visual document analysis", ICDAR 2003, 958–963.

    Examples
    --------
    >>> import layerwise as lw
    >>> import numpy as np
    >>> X = np.array([[0, 0, 0, 0, 9, 0, 0, 0, 0]] * 3, np.uint8)
    >>> moved = lw.Augmentation(shape=(3, 3), shift=1, whole_shift=True)
    >>> print(moved(X).reshape(3, 3, 3)[0])
    [[0 0 9]
     [0 0 0]
     [0 0 0]]
    """

    def __init__(
        self,
        *,
        shape: Sequence[int] = (28, 28),
        shift: float = 0.0,
        whole_shift: bool = False,
        rotation: float = 0.0,
        scale: float = 0.0,
        shear: float = 0.0,
        elastic_alpha: float = 0.0,
        elastic_sigma: float = 4.0,
        noise: float = 0.0,
        fill: float = 0.0,
    ) -> None:
        self.shape = _check_shape(shape)
        self.shift = number(self, "shift", shift, least=0, most=max(self.shape[:2]))
        self.whole_shift = whole_shift
        if not isinstance(whole_shift, (bool, np.bool_)):
            raise ValueError(f"Augmentation: whole_shift must be True or False; got {whole_shift!r}")
        if whole_shift and self.shift != int(self.shift):
            raise ValueError(f"Augmentation: shift must be a whole number with whole_shift=True; got {shift!r}")
        self.rotation = number(self, "rotation", rotation, least=0, most=180)
        self.scale = number(self, "scale", scale, least=0, below=1)
        self.shear = number(self, "shear", shear, least=0, below=90)
        self.elastic_alpha = number(self, "elastic_alpha", elastic_alpha, least=0, most=1e6)
        self.elastic_sigma = number(self, "elastic_sigma", elastic_sigma, above=0, most=1e6)
        self.noise = number(self, "noise", noise, least=0, most=1e6)
        self.fill = number(self, "fill", fill, least=-1e30, most=1e30)
        height, width = self.shape[:2]
        self._smoothing: tuple[Array, Array] | None = None
        if self.elastic_alpha:
            rows = self.elastic_alpha * smoothing(height, self.elastic_sigma)
            self._smoothing = rows.astype(np.float32), smoothing(width, self.elastic_sigma).astype(np.float32)
        self._moves = bool(self.shift or self.rotation or self.scale or self.shear or self.elastic_alpha)

    @property
    def n_in(self) -> int:
        """The number of values of an image: height · width · channels."""
        return math.prod(self.shape)

    def __call__(self, X: ArrayLike, random_state: int = 0) -> Array:
        """Return changed copies of images, to see the effect of the settings.

        Parameters
        ----------
        X : array-like of uint8, float32 or float64, of shape (n, n_in)
            The images, one in each row.
        random_state : int, default=0
            The seed.

        Returns
        -------
        array of shape (n, n_in)
            New images, in X's type.
        """
        images = unmasked(X, "X")
        return self.apply(images, np.arange(len(images) if images.ndim else 0), random_state, 0)

    def apply(
        self,
        X: Array,
        rows: Array,
        seed: int,
        epoch: int,
        out: Array | None = None,
        n_threads: int = 1,
        engine: str = "auto",
    ) -> Array:
        """Return changed copies of some rows of a data set.

        Parameters
        ----------
        X : array of uint8, float32 or float64, of shape (n, n_in)
            The whole data set. It is not copied if it is C-contiguous. Pixels are interpolated in float32; uint8 is
            rounded and clipped.
        rows : array of int64
            The row numbers, in the order of the result.
        seed, epoch : int
            Together with the row number they determine the random changes.
        out : array of shape (len(rows), n_in), optional
            The array for the result: of X's type, C-contiguous and not overlapping X.
        n_threads : int, default=1
            The number of threads. It does not change the result.
        engine : {"auto", "numpy"}, default="auto"
            "numpy" uses NumPy even if the native engine is installed.

        Returns
        -------
        array of shape (len(rows), n_in)
            `out`, or a new array.

        Raises
        ------
        ShapeError
            X does not have as many columns as an image has numbers, or `out` or `rows` has a wrong shape.
        DataError
            X or `out` has another type, or a row number is out of range.
        """
        X = self._check(X)
        rows = _check_rows(rows, len(X))
        seed, epoch = (_below(name, value, bits) for name, value, bits in (("seed", seed, 64), ("epoch", epoch, 32)))
        n_threads = whole_number("Augmentation.apply", "n_threads", n_threads, least=1)
        out = np.empty((len(rows), X.shape[1]), X.dtype) if out is None else _check_out(out, X, len(rows))
        if not self._moves and not self.noise:
            X.take(rows, 0, out, "clip")
        elif _native is not None and engine != "numpy":
            settings, threads = self._settings(X.dtype), min(n_threads, 1024)
            smoothing = self._smoothing
            _native.augment(
                X, rows, seed=seed, epoch=epoch, out=out, settings=settings, smoothing=smoothing, threads=threads
            )
        else:
            for start in range(0, len(rows), _CHUNK):
                part = slice(start, start + _CHUNK)
                self._change(X[rows[part]], rows[part], seed, epoch, out[part])
        return out

    def _settings(self, dtype: np.dtype[Any]) -> dict[str, float]:
        """The constructor's arguments as the native body takes them: angles in radians, noise in the values' units."""
        height, width, *channels = self.shape
        return {
            "height": height,
            "width": width,
            "channels": channels[0] if channels else 1,
            "shift": self.shift,
            "whole_shift": self.whole_shift,
            "rotation": math.radians(self.rotation),
            "scale": self.scale,
            "shear": math.radians(self.shear),
            "noise": self._noise(dtype),
            "fill": self.fill,
        }

    def _noise(self, dtype: np.dtype[Any]) -> float:
        return self.noise * (255 if dtype == np.uint8 else 1)

    # ---------------------------------------------------------------- the specification

    def _change(self, images: Array, rows: Array, seed: int, epoch: int, out: Array) -> None:
        """The images of these rows, changed, into `out`."""
        steps = rows.astype(np.uint64) | np.uint64(epoch << 32)
        values = images.astype(np.float32)
        if self._moves:
            maps = self._maps(_uniform(words_of(seed, steps, _AFFINE, 6)))
            y, x = _places(maps, *self.shape[:2])
            if self._smoothing is not None:
                dy, dx = self._field(seed, steps)
                y, x = y + dy, x + dx
            values = sample(values.reshape(len(rows), *self.shape[:2], -1), y, x, self.fill).reshape(len(rows), -1)
        if self.noise:
            values += np.float32(self._noise(out.dtype)) * _normal(seed, steps, self.n_in)
        if out.dtype == np.uint8:
            values = np.clip(values, 0, 255) + np.float32(0.5)
        np.copyto(out, values, casting="unsafe")

    def _maps(self, uniform: Array) -> Array:
        """The affine maps from the new image to the old, (n, 2, 3), for n times six numbers on [0, 1).

        A pixel in row i, column j of the new image comes from m[:, :2] @ (i, j) + m[:, 2].
        """
        u = uniform.astype(np.float64).T
        theta, tall, wide, slant, down, right = 2 * u - 1
        theta, slant = np.radians(self.rotation) * theta, np.tan(np.radians(self.shear) * slant)
        tall, wide = 1 + self.scale * tall, 1 + self.scale * wide
        down, right = self.shift * down, self.shift * right
        if self.whole_shift:
            down, right = np.floor((2 * self.shift + 1) * u[4:]) - self.shift
        cos, sin = np.cos(theta), np.sin(theta)
        # R = [[cos, -sin], [sin, cos]] turns (y, x) to the left, H = [[1, 0], [slant, 1]], S = diag(tall, wide).
        a = np.array([[cos / tall, sin / tall], [(-sin - slant * cos) / wide, (cos - slant * sin) / wide]])
        cy, cx = ((size - 1) / 2 for size in self.shape[:2])
        offset = [c - m[0] * (cy + down) - m[1] * (cx + right) for c, m in zip((cy, cx), a)]
        return np.concatenate([a, np.array(offset)[:, None]], axis=1).transpose(2, 0, 1).astype(np.float32)

    def _field(self, seed: int, steps: Array) -> tuple[Array, Array]:
        """The elastic displacements down and to the right, each (n, height, width), in pixels."""
        assert self._smoothing is not None
        height, width = self.shape[:2]
        words = words_of(seed, steps, _FIELD, height * width).reshape(-1, height, width)
        halves = (words >> np.uint64(16), words & np.uint64(0xFFFF))  # of a pixel's word: down, right
        down, right = ((2 * half.astype(np.float32) - 65535) * np.float32(2**-16) for half in halves)
        of_rows, of_columns = self._smoothing
        return of_rows @ down @ of_columns, of_rows @ right @ of_columns

    # ---------------------------------------------------------------- what comes in

    def _check(self, X: Array) -> Array:
        X = np.asarray(X)
        if X.dtype not in _TYPES:
            hint = "X.astype(np.uint8) if its values are 0 to 255, else X.astype(np.float32)"
            raise DataError(f"Augmentation: X must be uint8, float32 or float64; got {X.dtype}: give {hint}")
        if X.ndim != 2 or X.shape[1] != self.n_in:
            hint = "give X.reshape(len(X), -1)" if X.ndim > 2 and X[0].size == self.n_in else "give the images' shape="
            size = f"{' x '.join(map(str, self.shape))} = {self.n_in} numbers"
            raise ShapeError(f"Augmentation: X must have an image of {size} a row; its shape is {X.shape}: {hint}")
        if X.dtype == np.uint8 and not 0 <= self.fill <= 255:
            raise DataError(f"Augmentation: fill must be from 0 to 255 for uint8 images; it is {self.fill:g}")
        return np.ascontiguousarray(X)


def smoothing(size: int, sigma: float) -> Array:
    """The symmetric Toeplitz matrix G (size, size) that convolves a line with a Gaussian of sum 1, in float64."""
    reach = max(size, math.ceil(8 * sigma))
    g = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    i = np.arange(size)
    return np.asarray((g / g.sum())[reach + i[:, None] - i])


def sample(images: Array, y: Array, x: Array, fill: float) -> Array:
    """Images (n, height, width, channels) at the places y, x (n, height, width), interpolated; `fill` lies around."""
    n, height, width, channels = images.shape
    padded = np.full((n, height + 3, width + 3, channels), fill, np.float32)
    padded[:, 1:-2, 1:-2] = images
    y = np.minimum(np.maximum(y + np.float32(1), 0), np.float32(height + 1))
    x = np.minimum(np.maximum(x + np.float32(1), 0), np.float32(width + 1))
    i, j = y.astype(np.intp), x.astype(np.intp)
    down, right = (y - i.astype(np.float32))[..., None], (x - j.astype(np.float32))[..., None]
    line, first = width + 3, (np.arange(n) * padded[0, ..., 0].size)[:, None, None]
    at, pixels = first + i * line + j, padded.reshape(-1, channels)
    upper, lower = ((1 - right) * pixels[k] + right * pixels[k + 1] for k in (at, at + line))
    return np.asarray((1 - down) * upper + down * lower)


def _places(maps: Array, height: int, width: int) -> Array:
    """Where the maps send each pixel: (2, n, height, width)."""
    i, j = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)
    m = maps.transpose(1, 2, 0)[..., None, None]
    return np.asarray((m[:, 0] * i + m[:, 2]) + m[:, 1] * j)


def _uniform(words: Array) -> Array:
    return (words >> np.uint64(8)).astype(np.float32) * np.float32(2**-24)


def _normal(seed: int, steps: Array, count: int) -> Array:
    """Standard normal numbers (n, count), by Box and Muller: the pairs are `half` apart."""
    half = -(-count // 2)
    u = _uniform(words_of(seed, steps, _NOISE, 2 * half))
    radius = np.sqrt(-2 * np.log(1 - u[:, :half]))
    angle = np.float32(2 * np.pi) * (u[:, half:] - np.float32(0.5))
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], axis=1)[:, :count]


def _check_shape(shape: Sequence[int]) -> tuple[int, ...]:
    sizes = tuple(shape) if isinstance(shape, (Sequence, np.ndarray)) and not isinstance(shape, str) else ()
    if len(sizes) not in (2, 3):
        raise ShapeError(f"Augmentation: shape must be (height, width) or (height, width, channels); got {shape!r}")
    names = ("height", "width", "channels")
    whole = tuple(whole_number("Augmentation", name, n, least=1) for name, n in zip(names, sizes))
    if math.prod(whole) > 2**24:
        raise ShapeError(f"Augmentation: an image must have at most 2^24 numbers; got shape={shape!r}")
    return whole


def _check_rows(rows: Array, n: int) -> Array:
    rows = np.asarray(rows)
    if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iu"):
        raise ShapeError(
            f"Augmentation.apply: rows must be a one-dimensional array of row numbers; got {rows.dtype} of shape "
            f"{rows.shape}"
        )
    if rows.size and not (rows.min() >= 0 and rows.max() < n):
        wrong = rows[(rows < 0) | (rows >= n)][0]
        raise DataError(f"Augmentation.apply: rows must be from 0 to {n - 1}, as X has {n} rows; got {wrong}")
    return np.ascontiguousarray(rows, np.int64)


def _check_out(out: Array, X: Array, n: int) -> Array:
    wanted = (n, X.shape[1])
    if not isinstance(out, np.ndarray) or out.shape != wanted:
        raise ShapeError(f"Augmentation.apply: out must be an array {wanted}; got {np.shape(out)}")
    if out.dtype != X.dtype:
        raise DataError(f"Augmentation.apply: out must have X's type, {X.dtype}; got {out.dtype}")
    if not (out.flags.c_contiguous and out.flags.writeable) or np.may_share_memory(out, X):
        raise DataError("Augmentation.apply: out must be C-contiguous, writable and apart from X: give a new array")
    return out


def _below(name: str, value: int, bits: int) -> int:
    if whole_number("Augmentation.apply", name, value, least=0) >= 2**bits:
        raise ValueError(f"Augmentation.apply: {name} must be below 2^{bits}; got {value!r}")
    return int(value)
