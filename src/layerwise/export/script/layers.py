"""The text of every layer in a training script: a class with two formulas, in plain NumPy.

Each computes what the layer's own formulas compute, in the same order, so that it gives the same bits.
"""

from __future__ import annotations

from layerwise import layers
from layerwise.layers.activations import SELU_ALPHA, SELU_LAMBDA

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
    key = int(np.random.SeedSequence(SEED).generate_state(1, np.uint64)[0])
    k0, k1 = key & low, key >> 32
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

STEP = '''
class Step(Layer):
    """y = 1 if x > threshold else 0; its derivative is 0."""

    def __init__(self, threshold):
        self.threshold = threshold

    def forward(self, x):
        return (x > self.threshold).astype(DTYPE)

    def backward(self, dy):
        return np.zeros_like(dy)
'''

LINEAR = '''
class Linear(Layer):
    """y = a x,  dx = a dy."""

    def __init__(self, slope):
        self.slope = slope

    def forward(self, x):
        return self.slope * x

    def backward(self, dy):
        return self.slope * dy
'''

IDENTITY = '''
class Identity(Layer):
    """y = x,  dx = dy."""

    def forward(self, x):
        return x

    def backward(self, dy):
        return dy
'''

SIGMOID = '''
class Sigmoid(Layer):
    """y = 1 / (1 + e⁻ˣ),  dx = dy · y (1 - y)."""

    def forward(self, x):
        self.y = 1 / (1 + np.exp(-x))
        return self.y

    def backward(self, dy):
        return dy * (self.y * (1 - self.y))
'''

TANH = '''
class Tanh(Layer):
    """y = tanh x,  dx = dy · (1 - y²)."""

    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, dy):
        return dy * (1 - self.y**2)
'''

RELU = '''
class ReLU(Layer):
    """y = max(x, 0),  dx = dy where y > 0, else 0."""

    def forward(self, x):
        self.y = np.maximum(x, 0)
        return self.y

    def backward(self, dy):
        return dy * (self.y > 0)
'''

SLOPED_RELU = '''
class ReLU(Layer):
    """y = a max(x, 0),  dx = a dy where y > 0, else 0."""

    def __init__(self, slope=1.0):
        self.slope = slope

    def forward(self, x):
        self.y = self.slope * np.maximum(x, 0)
        return self.y

    def backward(self, dy):
        return self.slope * (dy * (self.y > 0))
'''

LEAKY_RELU = '''
class LeakyReLU(Layer):
    """y = x · (a if x > 0 else b),  dx = dy · (a if x > 0 else b)."""

    def __init__(self, negative_slope, slope):
        self.b, self.a = negative_slope, slope

    def forward(self, x):
        self.slopes = (x > 0).astype(DTYPE) * (self.a - self.b) + self.b
        return x * self.slopes

    def backward(self, dy):
        return dy * self.slopes
'''

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

ELU = '''
class ELU(Layer):
    """y = x for x > 0, α (eˣ - 1) for the rest,  dx = dy · (1 if y > 0 else y + α)."""

    def __init__(self, alpha):
        self.alpha = alpha

    def forward(self, x):
        self.y = self.alpha * np.expm1(np.minimum(x, 0)) + np.maximum(x, 0)
        return self.y

    def backward(self, dy):
        positive = (self.y > 0).astype(DTYPE)
        return dy * (np.minimum(self.y, 0) + self.alpha + positive * (1 - self.alpha))
'''

SELU = f'''
class SELU(Layer):
    """y = λ x for x > 0, λ α (eˣ - 1) for the rest,  dx = dy · (λ if y > 0 else y + λ α)."""

    ALPHA, LAMBDA = {SELU_ALPHA}, {SELU_LAMBDA}

    def forward(self, x):
        self.y = (np.expm1(np.minimum(x, 0)) * self.ALPHA + np.maximum(x, 0)) * self.LAMBDA
        return self.y

    def backward(self, dy):
        positive = (self.y > 0).astype(DTYPE) * (self.LAMBDA * (1 - self.ALPHA))
        return dy * (np.minimum(self.y, 0) + self.LAMBDA * self.ALPHA + positive)
'''

GELU = '''
class GELU(Layer):
    """y = x/2 (1 + t), t = tanh(c (x + a x³)), c = √(2/π), a = 0.044715.

    dx = dy · ½ (1 + t + x (1 - t²) c (1 + 3a x²)).
    """

    C = math.sqrt(2 / math.pi)

    def forward(self, x):
        self.x, self.t = x, np.tanh((x**2 * 0.044715 + 1) * x * self.C)
        return (self.t + 1) * 0.5 * x

    def backward(self, dy):
        x, t = self.x, self.t
        return ((x**2 * (3 * 0.044715) + 1) * self.C * x * (1 - t**2) + t + 1) * 0.5 * dy
'''

SILU = '''
class SiLU(Layer):
    """y = x s, s = 1 / (1 + e⁻ˣ),  dx = dy · (s + y (1 - s))."""

    def forward(self, x):
        self.s = 1 / (1 + np.exp(-x))
        self.y = x * self.s
        return self.y

    def backward(self, dy):
        return dy * (self.s + self.y * (1 - self.s))
'''

MISH = '''
class Mish(Layer):
    """y = x t, t = tanh(log(1 + eˣ)) = n / (n + 2), n = e (e + 2);  dx = dy · (t + x (1 - t²) e / (1 + e))."""

    def forward(self, x):
        e = np.exp(np.minimum(x, 20))  # from 20 on t is 1 to the last digit
        n = e * (e + 2)
        self.x, self.t, self.s = x, n / (n + 2), e / (e + 1)
        return x * self.t

    def backward(self, dy):
        return dy * (self.t + (1 - self.t**2) * self.x * self.s)
'''

SOFTPLUS = '''
class Softplus(Layer):
    """y = log(1 + eˣ),  dx = dy · (1 - e⁻ʸ)."""

    def forward(self, x):
        self.y = np.logaddexp(x, 0)
        return self.y

    def backward(self, dy):
        return -np.expm1(-self.y) * dy
'''

EXP = '''
class Exp(Layer):
    """y = eˣ,  dx = dy · y."""

    def forward(self, x):
        self.y = np.exp(x)
        return self.y

    def backward(self, dy):
        return dy * self.y
'''

LAYERS: dict[type[layers.Layer], str] = {
    layers.Dense: DENSE,
    layers.Dropout: DROPOUT,
    layers.Scale: SCALE,
    layers.LayerNorm: LAYER_NORM,
    layers.BatchNorm: BATCH_NORM,
    layers.Step: STEP,
    layers.Linear: LINEAR,
    layers.Identity: IDENTITY,
    layers.Sigmoid: SIGMOID,
    layers.Tanh: TANH,
    layers.ReLU: RELU,
    layers.LeakyReLU: LEAKY_RELU,
    layers.Softmax: SOFTMAX,
    layers.ELU: ELU,
    layers.SELU: SELU,
    layers.GELU: GELU,
    layers.SiLU: SILU,
    layers.Mish: MISH,
    layers.Softplus: SOFTPLUS,
    layers.Exp: EXP,
}
