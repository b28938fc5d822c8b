"""Time one training epoch of layerwise or of a peer library on a fixed piece of work.

    python benchmarks/peers.py CONFIG PEER [--epochs N]

CONFIG   A  784-30-10      sigmoid  SGD 0.5    batch 10    50,000 MNIST rows
         B  784-128-10     ReLU     Adam 1e-3  batch 32    50,000 MNIST rows
         C  784-512-512-10 ReLU     Adam 1e-3  batch 128   50,000 MNIST rows
         D  20-64-64-2     ReLU     Adam 1e-3  batch 64    50,000 synthetic rows
         E  2-64-3         ReLU     Adam 5e-2  full batch  300 spiral rows, 10,000 steps an 'epoch'
         S  4-32-16-4      tanh     Adam 1e-3  full batch  10,000 synthetic rows, 500 steps an 'epoch'
         or sizes,activation,optimizer,lr,batch  e.g. 784-100-10,relu,adam,0.001,64 (MNIST rows)
PEER     layerwise | sklearn | torch | jax | numpy

Every peer: float32, softmax cross-entropy, Glorot-uniform weights, zero biases, rows reshuffled each
epoch, the gather of each minibatch included, the first (compiling) epoch left out, every core of the
machine allowed. Prints one JSON line: seconds for the fastest epoch, microseconds a step, test accuracy.

'numpy' is the plainest fast NumPy loop: buffers allocated once, results written in place.
'jax' is the strongest peer: a whole epoch compiled as one lax.scan.
A shared machine is noisy: compare only figures from one run, and prefer the best of several.
Needs layerwise, and for each peer its library. `compare.py` runs several, interleaved, and prints the ratios.
"""

import argparse
import itertools
import json
import time
import warnings

import numpy as np

from layerwise import datasets

CONFIGS = {
    "A": {"sizes": [784, 30, 10], "act": "sigmoid", "opt": "sgd", "lr": 0.5, "batch": 10},
    "B": {"sizes": [784, 128, 10], "act": "relu", "opt": "adam", "lr": 1e-3, "batch": 32},
    "C": {"sizes": [784, 512, 512, 10], "act": "relu", "opt": "adam", "lr": 1e-3, "batch": 128},
    "D": {"sizes": [20, 64, 64, 2], "act": "relu", "opt": "adam", "lr": 1e-3, "batch": 64},
    "E": {"sizes": [2, 64, 3], "act": "relu", "opt": "adam", "lr": 5e-2, "batch": 300},
    "S": {"sizes": [4, 32, 16, 4], "act": "tanh", "opt": "adam", "lr": 1e-3, "batch": 10000},
}


def parse_config(text):
    if text in CONFIGS:
        return CONFIGS[text]
    sizes, act, opt, lr, batch = text.split(",")
    return {"sizes": [int(s) for s in sizes.split("-")], "act": act, "opt": opt, "lr": float(lr), "batch": int(batch)}


def load(config):
    """Training and test arrays: X float32, y int64."""
    if config["sizes"][0] == 784:
        (X, y), _, (X_test, y_test) = datasets.load_mnist()
        return (X / 255).astype(np.float32), y, (X_test / 255).astype(np.float32), y_test
    rng = np.random.default_rng(0)
    if config["sizes"][0] == 2:
        r, noise = np.linspace(0, 1, 100), rng.standard_normal((3, 100)) * 0.2
        X = np.concatenate(
            [
                np.c_[r * np.sin(2.5 * t), r * np.cos(2.5 * t)]
                for t in (np.linspace(4 * c, 4 * c + 4, 100) + noise[c] for c in range(3))
            ]
        )
        y = np.repeat(np.arange(3), 100)
        return X.astype(np.float32), y, X.astype(np.float32), y
    if config["sizes"][0] == 4:
        X = rng.standard_normal((20000, 4)).astype(np.float32)
        y = (2 * (X[:, 0] * X[:, 1] > 0) + (X[:, 2] + X[:, 3] > 0)).astype(np.int64)
        return X[:10000], y[:10000], X[10000:], y[10000:]
    X = rng.standard_normal((60000, config["sizes"][0])).astype(np.float32)
    y = ((X @ rng.standard_normal(config["sizes"][0]) + np.sin(3 * X[:, 0])) > 0).astype(np.int64)
    return X[:50000], y[:50000], X[50000:], y[50000:]


def glorot(sizes, seed=0):
    rng = np.random.default_rng(seed)
    return [
        (rng.uniform(-1, 1, (a, b)).astype(np.float32) * np.float32(np.sqrt(6 / (a + b))), np.zeros(b, np.float32))
        for a, b in itertools.pairwise(sizes)
    ]


def repeats(X, config):
    """How many passes over the rows one timed 'epoch' is: several where a pass is a single full-batch step."""
    if len(X) > config["batch"]:
        return 1
    return 10000 if len(X) < 1000 else 500


def run_layerwise(config, X, y, X_test, y_test, epochs):
    import layerwise as lw

    activation = {"relu": lw.ReLU, "sigmoid": lw.Sigmoid, "tanh": lw.Tanh}[config["act"]]
    layers = []
    for units in config["sizes"][1:-1]:
        layers += [lw.Dense(units), activation()]
    net = lw.Network([*layers, lw.Dense(config["sizes"][-1]), lw.Softmax()], random_state=0)
    optimizer = lw.SGD(config["lr"]) if config["opt"] == "sgd" else lw.Adam(config["lr"])
    passes, times = repeats(X, config), []

    class Clock(lw.Callback):
        def on_epoch_end(self, run):
            if run.epoch % passes == 0:
                times.append(time.perf_counter())

        on_fit_begin = on_epoch_end

    net.fit(
        X,
        y,
        optimizer=optimizer,
        batch_size=config["batch"],
        epochs=epochs * passes,
        verbose=False,
        callbacks=[Clock()],
    )
    for before, after in itertools.pairwise(times):
        yield after - before, lambda: net.evaluate(X_test, y_test)["accuracy"]


def run_sklearn(config, X, y, X_test, y_test, epochs):
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore")
    passes = repeats(X, config)
    model = MLPClassifier(
        config["sizes"][1:-1],
        activation={"sigmoid": "logistic"}.get(config["act"], config["act"]),
        solver=config["opt"],
        learning_rate_init=config["lr"],
        batch_size=min(config["batch"], len(X)),
        alpha=0,
        momentum=0,
        max_iter=passes,
        warm_start=True,
        n_iter_no_change=10**9,
        tol=0,
    )
    for _ in range(epochs):
        start = time.perf_counter()
        model.fit(X, y)
        yield time.perf_counter() - start, lambda: model.score(X_test, y_test)


def run_torch(config, X, y, X_test, y_test, epochs):
    import torch
    from torch import nn

    layers = []
    for (W, b), last in zip(glorot(config["sizes"]), [False] * (len(config["sizes"]) - 2) + [True]):
        linear = nn.Linear(*W.shape)
        linear.weight.data, linear.bias.data = torch.from_numpy(W.T.copy()), torch.from_numpy(b)
        layers += (
            [linear] if last else [linear, {"sigmoid": nn.Sigmoid, "relu": nn.ReLU, "tanh": nn.Tanh}[config["act"]]()]
        )
    net, loss = nn.Sequential(*layers), nn.CrossEntropyLoss()
    optimizer = (
        torch.optim.SGD(net.parameters(), config["lr"])
        if config["opt"] == "sgd"
        else torch.optim.Adam(net.parameters(), config["lr"], fused=True)
    )
    TX, Ty, batch = torch.from_numpy(X), torch.from_numpy(y), config["batch"]
    for _ in range(epochs):
        start = time.perf_counter()
        for _ in range(repeats(X, config)):
            order = torch.randperm(len(TX))
            for i in range(0, len(TX) - batch + 1, batch):
                rows = order[i : i + batch]
                optimizer.zero_grad(set_to_none=True)
                loss(net(TX[rows]), Ty[rows]).backward()
                optimizer.step()
        elapsed = time.perf_counter() - start
        with torch.no_grad():
            yield elapsed, lambda: float((net(torch.from_numpy(X_test)).argmax(1).numpy() == y_test).mean())


def run_jax(config, X, y, X_test, y_test, epochs):
    import jax
    import jax.numpy as jnp

    tree = jax.tree_util.tree_map
    act = {"sigmoid": jax.nn.sigmoid, "relu": jax.nn.relu, "tanh": jnp.tanh}[config["act"]]
    lr, batch, passes = config["lr"], config["batch"], repeats(X, config)

    def forward(params, x):
        for W, b in params[:-1]:
            x = act(x @ W + b)
        return x @ params[-1][0] + params[-1][1]

    def loss(params, x, t):
        return -jnp.take_along_axis(jax.nn.log_softmax(forward(params, x)), t[:, None], 1).mean()

    def update(params, state, grads):
        if config["opt"] == "sgd":
            return tree(lambda p, g: p - lr * g, params, grads), state
        m, v, t = state
        t = t + 1
        m = tree(lambda m, g: 0.9 * m + 0.1 * g, m, grads)
        v = tree(lambda v, g: 0.999 * v + 0.001 * g * g, v, grads)
        c1, c2 = 1 - 0.9**t, 1 - 0.999**t
        return tree(lambda p, m, v: p - lr * (m / c1) / (jnp.sqrt(v / c2) + 1e-8), params, m, v), (m, v, t)

    @jax.jit
    def epoch(params, state, X, y, order):
        def step(carry, rows):
            params, state = carry
            value, grads = jax.value_and_grad(loss)(params, X[rows], y[rows])
            return update(params, state, grads), value

        (params, state), values = jax.lax.scan(step, (params, state), order)
        return params, state, values.mean()

    params = [(jnp.array(W), jnp.array(b)) for W, b in glorot(config["sizes"])]
    zeros = tree(jnp.zeros_like, params)
    state = () if config["opt"] == "sgd" else (zeros, zeros, jnp.float32(0))
    JX, Jy, rng, steps = jnp.array(X), jnp.array(y.astype(np.int32)), np.random.default_rng(0), len(X) // batch
    for i in range(epochs + 1):
        start = time.perf_counter()
        order = np.concatenate([rng.permutation(len(X))[: steps * batch].reshape(steps, batch) for _ in range(passes)])
        params, state, value = epoch(params, state, JX, Jy, jnp.array(order))
        value.block_until_ready()
        elapsed = time.perf_counter() - start
        if i:
            yield elapsed, lambda: float((np.asarray(forward(params, jnp.array(X_test))).argmax(1) == y_test).mean())


def run_numpy(config, X, y, X_test, y_test, epochs):
    sizes, batch, lr = config["sizes"], config["batch"], np.float32(config["lr"])
    pairs = glorot(sizes)
    theta = np.concatenate([part.ravel() for pair in pairs for part in pair])
    grad, m, v, tmp = (np.zeros_like(theta) for _ in range(4))

    def views(flat):
        out, at = [], 0
        for a, b in itertools.pairwise(sizes):
            out.append((flat[at : at + a * b].reshape(a, b), flat[at + a * b : at + a * b + b]))
            at += a * b + b
        return out

    params, grads, act, last = views(theta), views(grad), config["act"], len(sizes) - 2
    A = [np.empty((batch, s), np.float32) for s in sizes]
    D = [np.empty((batch, s), np.float32) for s in sizes]
    rows_index, ones, t, rng = np.arange(batch), np.ones(batch, np.float32), 0, np.random.default_rng(0)

    def evaluate():
        h = X_test
        for l, (W, b) in enumerate(params):
            h = h @ W + b
            if l < last:
                h = {
                    "relu": lambda: np.maximum(h, 0),
                    "sigmoid": lambda: 1 / (1 + np.exp(-h)),
                    "tanh": lambda: np.tanh(h),
                }[act]()
        return float((h.argmax(1) == y_test).mean())

    for _ in range(epochs):
        start = time.perf_counter()
        for _ in range(repeats(X, config)):
            order = rng.permutation(len(X))
            for i in range(0, len(X) - batch + 1, batch):
                rows = order[i : i + batch]
                np.take(X, rows, 0, out=A[0], mode="clip")
                for l, (W, b) in enumerate(params):
                    z = A[l + 1]
                    np.matmul(A[l], W, out=z)
                    z += b
                    if l == last:
                        continue
                    if act == "relu":
                        np.maximum(z, 0, out=z)
                    elif act == "tanh":
                        np.tanh(z, out=z)
                    else:
                        np.negative(z, out=z)
                        np.exp(z, out=z)
                        z += 1
                        np.reciprocal(z, out=z)
                z -= z.max(1, keepdims=True)
                np.exp(z, out=z)
                z /= z.sum(1, keepdims=True)
                z[rows_index, y[rows]] -= 1
                z *= np.float32(1 / batch)
                delta = z
                for l in range(last, -1, -1):
                    np.matmul(A[l].T, delta, out=grads[l][0])
                    np.matmul(ones, delta, out=grads[l][1])
                    if l:
                        d, a = D[l], A[l]
                        np.matmul(delta, params[l][0].T, out=d)
                        if act == "relu":
                            d *= a > 0
                        elif act == "tanh":
                            np.square(a, out=a)
                            np.subtract(1, a, out=a)
                            d *= a
                        else:
                            d *= a
                            np.subtract(1, a, out=a)
                            d *= a
                        delta = d
                if config["opt"] == "sgd":
                    grad *= lr
                    theta -= grad
                else:
                    t += 1
                    m *= np.float32(0.9)
                    np.multiply(grad, np.float32(0.1), out=tmp)
                    m += tmp
                    np.square(grad, out=grad)
                    grad *= np.float32(0.001)
                    v *= np.float32(0.999)
                    v += grad
                    np.sqrt(v, out=tmp)
                    tmp *= np.float32(1 / np.sqrt(1 - 0.999**t))
                    tmp += np.float32(1e-8)
                    np.divide(m, tmp, out=tmp)
                    tmp *= np.float32(config["lr"] / (1 - 0.9**t))
                    theta -= tmp
        yield time.perf_counter() - start, evaluate


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("peer", choices=["layerwise", "sklearn", "torch", "jax", "numpy"])
    parser.add_argument("--epochs", type=int, default=3)
    args = parser.parse_args()
    config = parse_config(args.config)
    X, y, X_test, y_test = load(config)
    times = []
    for elapsed, accuracy in globals()[f"run_{args.peer}"](config, X, y, X_test, y_test, args.epochs):
        times.append(elapsed)
    steps = max(len(X) // config["batch"], 1) * repeats(X, config)
    print(
        json.dumps(
            {
                "config": args.config,
                "peer": args.peer,
                "seconds": round(min(times), 5),
                "us_per_step": round(min(times) / steps * 1e6, 2),
                "accuracy": round(accuracy(), 4),
            }
        )
    )


if __name__ == "__main__":
    main()
