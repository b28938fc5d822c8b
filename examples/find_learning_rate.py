"""The learning-rate finder on MNIST: the loss over rising rates, the suggestion, and what training with it gives.

python examples/find_learning_rate.py [PICTURE]      docs/images/learning-rate.png is made by it
"""

import sys

import layerwise as lw


def main(picture="learning-rate.png"):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    (X, y), validation, _ = lw.datasets.load_mnist()
    figure, axes = pyplot.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    results = {}
    for optimizer, ax in zip((lw.Adam(), lw.SGD(0.1, momentum=0.9)), axes, strict=True):
        network = lw.Network([lw.Dense(128, "he_normal"), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
        finder = lw.find_learning_rate(network, X, y, optimizer=optimizer, batch_size=64)
        finder.plot(ax)
        ax.set_title(f"784-128-10, {type(optimizer).__name__}")
        optimizer.learning_rate = finder.suggestion
        network.fit(X, y, optimizer=optimizer, batch_size=64, epochs=2, schedule="cosine", verbose=False)
        accuracy = network.evaluate(*validation)["accuracy"]
        results[type(optimizer).__name__] = finder.suggestion, accuracy
        print(f"{type(optimizer).__name__}: {finder.suggestion:.2g}, then {accuracy:.2%} after two epochs")
    figure.savefig(picture, dpi=110)
    pyplot.close(figure)
    return results


if __name__ == "__main__":
    main(*sys.argv[1:])
