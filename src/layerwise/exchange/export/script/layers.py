"""The text of every layer in a training script: a class with two formulas, in plain NumPy.

Each computes what the layer's own formulas compute, in the same order, so that it gives the same bits.
"""

from __future__ import annotations

from dataclasses import replace

from layerwise.exchange.export.elementwise import in_words
from layerwise.exchange.export.program import argument_name
from layerwise.formula import NUMPY, Tree, operation, shown, symbol
from layerwise.formula import replace as filled
from layerwise.parts import layers

COLUMN_SUMS = '''
def column_sums(a):
    """The sum over the samples, written as a product: several times as fast."""
    return np.ones(len(a), DTYPE).dot(a)
'''

UNIFORM = '''
def uniform(step, layer, shape):
    """Random numbers on [0, 1), the same for the same step and layer.

    Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011): ten rounds of a cipher on a counter, four words of 32 bits each.
    """
    size, low = math.prod(shape), 2**32 - 1
    c = np.zeros((4, -(-size // 4)), np.uint64)
    c[0], c[1], c[2], c[3] = np.arange(c.shape[1]), layer, step & low, step >> 32
    k0, k1 = SEED & low, SEED >> 32
    for _ in range(10):
        p0, p1 = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
        c = np.stack([p1 >> 32 ^ c[1] ^ k0, p1 & low, p0 >> 32 ^ c[3] ^ k1, p0 & low])
        k0, k1 = (k0 + 0x9E3779B9) & low, (k1 + 0xBB67AE85) & low
    words = c.T.reshape(-1)[:size].reshape(shape)
    return ((words >> 8) * 2.0**-24).astype(DTYPE)  # their upper 24 bits
'''

DENSE = '''
class Dense(Layer):
    """y = x W + b: every output is a weighted sum of all inputs plus a bias."""

    def __init__(self, W, b):
        self.W, self.b = W.astype(DTYPE), b.astype(DTYPE)
        self.parameters = [self.W, self.b]

    def forward(self, x):
        self.x = x
        return x.dot(self.W) + self.b

    def backward(self, dy):
        dW = self.x.T.dot(dy)
        db = column_sums(dy)
        self.gradients = [dW, db]
        return dy.dot(self.W.T)
'''

GROUPED_DENSE = '''
def in_groups(groups, rng, draw):
    """The weights of all groups, drawn one after the other, side by side."""
    return np.hstack([draw(rng) for _ in range(groups)])


class GroupedDense(Layer):
    """y = x W + b in groups: each unit reads the inputs of its own group; the groups of W lie side by side."""

    def __init__(self, W, b, groups):
        self.W, self.b, self.groups = W.astype(DTYPE), b.astype(DTYPE), groups
        self.parameters = [self.W, self.b]

    def parts(self):
        """Each group's inputs, and its units."""
        inputs, units = self.W.shape[0], self.W.shape[1] // self.groups
        for q in range(self.groups):
            yield slice(q * inputs, (q + 1) * inputs), slice(q * units, (q + 1) * units)

    def forward(self, x):
        self.x = x
        return np.hstack([x[:, rows] @ self.W[:, units] for rows, units in self.parts()]) + self.b

    def backward(self, dy):
        dW = np.hstack([self.x[:, rows].T @ dy[:, units] for rows, units in self.parts()])
        db = column_sums(dy)
        self.gradients = [dW, db]
        return np.hstack([dy[:, units] @ self.W[:, units].T for rows, units in self.parts()])
'''

PIECEWISE_LINEAR = '''
class PiecewiseLinear(Layer):
    """y = [x, t]: each input, and how far it has come through each interval between its knots, from 0 to 1."""

    def __init__(self, knots):
        pieces = [(i, a, b) for i, each in enumerate(knots) for a, b in zip(each, each[1:])]
        self.column = np.array([i for i, _, _ in pieces], int)
        self.low = np.array([a for _, a, _ in pieces]).astype(DTYPE)
        self.factor = np.array([1 / (b - a) for _, a, b in pieces]).astype(DTYPE)

    def forward(self, x):
        self.n, t = x.shape[1], (x[:, self.column] - self.low) * self.factor
        self.inside = (t > 0) & (t < 1)
        return np.hstack([x, np.clip(t, 0, 1)])

    def backward(self, dy):
        dx = dy[:, : self.n].copy()
        slopes = np.where(self.inside, dy[:, self.n :] * self.factor, 0)
        for j, column in enumerate(self.column):
            dx[:, column] += slopes[:, j]
        return dx
'''

DROPOUT = '''
class Dropout(Layer):
    """In training, each input is 0 with probability `rate`, and what is kept is divided by 1 - rate."""

    def __init__(self, rate, layer):
        self.rate, self.layer, self.step = rate, layer, 0

    def forward(self, x):
        keep = uniform(self.step, self.layer, x.shape) >= self.rate
        self.mask = keep.astype(DTYPE) * (1 / (1 - self.rate))
        self.step += 1
        return x * self.mask

    def backward(self, dy):
        return dy * self.mask

    def predict(self, x):
        return x
'''

SCALE = '''
class Scale(Layer):
    """y = x s: a factor for each input, learned."""

    def __init__(self, n_in):
        self.s = np.ones(n_in, DTYPE)
        self.parameters = [self.s]

    def forward(self, x):
        self.x = x
        return x * self.s

    def backward(self, dy):
        self.gradients = [column_sums(dy * self.x)]
        return dy * self.s
'''

LAYER_NORM = '''
class LayerNorm(Layer):
    """y = γ x̂ + β, x̂ = (x - μ) / √(σ² + ε), with μ and σ² over the inputs of each sample."""

    def __init__(self, n_in, epsilon):
        self.gamma, self.beta, self.epsilon = np.ones(n_in, DTYPE), np.zeros(n_in, DTYPE), epsilon
        self.parameters = [self.gamma, self.beta]

    def forward(self, x):
        n = x.shape[1]
        difference = x - (x.sum(axis=1) / n)[:, None]
        variance = np.vecdot(difference, difference) / n
        self.inverse = (1 / np.sqrt(variance + self.epsilon))[:, None]
        self.normal = difference * self.inverse
        return self.normal * self.gamma + self.beta

    def backward(self, dy):
        # dx = (d - mean d - x̂ mean(d x̂)) / √(σ² + ε), with d = dy γ and means over the inputs of each sample
        self.gradients = [column_sums(dy * self.normal), column_sums(dy)]
        d, n = dy * self.gamma, dy.shape[1]
        mean = (d.sum(axis=1) / n)[:, None]
        along = (np.vecdot(d, self.normal) / n)[:, None]
        return (d - mean - self.normal * along) * self.inverse
'''

BATCH_NORM = '''
class BatchNorm(Layer):
    """y = γ x̂ + β, x̂ = (x - μ) / √(σ² + ε), with μ and σ² over the batch, or, in prediction, their running means."""

    def __init__(self, n_in, momentum, epsilon):
        self.gamma, self.beta = np.ones(n_in, DTYPE), np.zeros(n_in, DTYPE)
        self.mean, self.var = np.zeros(n_in, DTYPE), np.ones(n_in, DTYPE)
        self.momentum, self.epsilon = momentum, epsilon
        self.parameters = [self.gamma, self.beta]

    def forward(self, x):
        n, m = len(x), self.momentum
        mu = column_sums(x) / n
        difference = x - mu
        variance = column_sums(difference * difference) / n
        self.inverse = 1 / np.sqrt(variance + self.epsilon)
        self.normal = difference * self.inverse
        if n > 1:
            self.mean = m * self.mean + (1 - m) * mu
            self.var = m * self.var + (1 - m) * (n / (n - 1)) * variance
        return self.normal * self.gamma + self.beta

    def backward(self, dy):
        # dx = γ / √(σ² + ε) · (dy - (x̂ ∂γ + ∂β) / n)
        dgamma, dbeta, share = column_sums(dy * self.normal), column_sums(dy), 1 / len(dy)
        self.gradients = [dgamma, dbeta]
        return (dy - self.normal * (dgamma * share) - dbeta * share) * (self.gamma * self.inverse)

    def predict(self, x):
        return (x - self.mean) * (1 / np.sqrt(self.var + self.epsilon)) * self.gamma + self.beta
'''

# Where gradients are clipped, the zeros of the running means have their place in the sum of squares.
BATCH_NORM_PARAMETERS = "        self.parameters = [self.gamma, self.beta]\n"
BATCH_NORM_STILL = BATCH_NORM_PARAMETERS + "        self.still = [np.zeros(2 * n_in, DTYPE)]\n"

SOFTMAX = '''
class Softmax(Layer):
    """y = eˣ / Σ eˣ over the outputs of a sample,  dx = y · (dy - Σ dy y)."""

    def forward(self, x):
        z = x.T.copy()  # a column a sample
        z = np.exp(z - z.max(axis=0))  # the greatest becomes e⁰: nothing overflows, and y is the same
        self.y = (z / z.sum(axis=0)).T.copy()
        return self.y
'''

SOFTMAX_BACKWARD = """
    def backward(self, dy):
        product = dy * self.y
        return (dy - product.sum(axis=1)[:, None]) * self.y
"""


def activation_text(layer: layers.Activation, numbered: bool, name: str) -> str:
    """Return the class of an activation, from its formulas: the same calls in the same order.

    Its numbers are arguments where it is `numbered`, and else stand in the formulas.
    """
    formulas, names = layer.formulas(), layer.formulas().names
    if not numbered:
        values, names = layer.numbers(), ()
        formulas = replace(formulas, f=filled(formulas.f, values), slope=filled(formulas.slope, values))
    arguments = [argument_name(layer, own) for own in names]
    own = {name: f"self.{argument}" for name, argument in zip(names, arguments)}
    kept = {"x": "self.x", "y": "self.y"}
    lines = [f"class {name}(Layer):", f'    """{_words(formulas.f, formulas.slope)}"""', ""]
    if names:
        lines += [
            f"    def __init__(self, {', '.join(arguments)}):",
            *(f"        self.{n} = {n}" for n in arguments),
            "",
        ]
    statements, value = NUMPY.statements(formulas.f, own)
    lines += ["    def forward(self, x):", *(["        self.x = x"] if "x" in formulas.reads else [])]
    value = value if "x" in formulas.f.symbols else f"np.full_like(x, {value})"
    end = [f"self.y = {value}", "return self.y"] if "y" in formulas.reads else [f"return {value}"]
    lines += _indented([*statements, *end])
    back = operation("multiply", symbol("dy"), formulas.slope)
    statements, value = NUMPY.statements(back, own | {letter: letter for letter in formulas.reads})
    value = value if "dy" in back.symbols else f"np.full_like(dy, {value})"
    opened = [f"        {letter} = {kept[letter]}" for letter in formulas.reads]
    lines += ["", "    def backward(self, dy):", *opened, *_indented(statements), f"        return {value}"]
    return "\n".join(lines).replace(".astype(x.dtype)", ".astype(DTYPE)")


def _words(f: Tree, slope: Tree) -> str:
    y, slope_text = in_words(f), f"({shown(slope)})"
    texts = [f"y = {y},  dx = dy · {slope_text}.", f"y = {y},  dx = dy · f′(x)."]
    return next((text for text in texts if len(text) <= 100), "y = f(x),  dx = dy · f′(x).")


def _indented(statements: list[str]) -> list[str]:
    return [f"        {line}" for line in statements]


LAYERS: dict[type[layers.Layer], str] = {
    layers.Dense: DENSE,
    layers.PiecewiseLinear: PIECEWISE_LINEAR,
    layers.Dropout: DROPOUT,
    layers.Scale: SCALE,
    layers.LayerNorm: LAYER_NORM,
    layers.BatchNorm: BATCH_NORM,
    layers.Softmax: SOFTMAX,
}


def text_of(layer: layers.Layer, numbered: bool, name: str) -> str:
    """Return the class of a layer; `numbered` as for `activation_text`."""
    if type(layer) is layers.Dense and layer.groups > 1:
        return GROUPED_DENSE.replace("GroupedDense", name)
    if type(layer) in LAYERS:
        return LAYERS[type(layer)]
    assert isinstance(layer, layers.Activation)
    return activation_text(layer, numbered, name)
