"""The text of a training script's loop over epochs and batches."""

from __future__ import annotations

from layerwise.exchange.export.script.run import Run
from layerwise.formula.quoting import python_number


def train_text(run: Run) -> str:
    """Return the function `train`."""
    fit, scaler = run.fit, run.network.scaling
    shuffles = fit["shuffle"] and fit["rows"] > fit["batch_size"]
    before, after, head = "scale(", ")", []
    if scaler is None:
        before, after = "", ".astype(DTYPE)"
    elif scaler.learns:
        after, head = ", *scaling)", ["    scaling = fit_scaling(X)"]
    rows = "order[start : start + BATCH_SIZE]" if shuffles else "slice(start, start + BATCH_SIZE)"
    right = ["right += right_answers(y, t)"] if run.counts else []
    shown = ", accuracy {right / len(X):.4f}" if run.counts else ""
    tested = "right_answers(y, t) / len(y):.4f" if run.counts else "loss(y, t).mean():.6f"
    return "\n".join(
        [
            '@np.errstate(all="ignore")  # an eˣ may overflow, rightly; a loss may not',
            "def train(X, y, steps=None, test=None):",
            '    """All epochs, or so many steps. Returns the mean loss of each step, and the layers."""',
            "    layers = network()",
            "    parameters = [w for layer in layers for w in layer.parameters]",
            f"    optimizer = {run.optimizer_name}(parameters)",
            "    X = np.ascontiguousarray(X)",
            *head,
            f"    X, T = {before}X{after}, targets(y)",
            "    history = []",
            "    for epoch in range(EPOCHS):",
            *(["        order = generator(ORDER, len(history)).permutation(len(X))"] if shuffles else []),
            *_rates(run),
            f"        losses{', right = [], 0' if run.counts else ' = []'}",
            "        for start in range(0, len(X), BATCH_SIZE):",
            "            if len(history) == steps:",
            "                return history, layers",
            f"            rows = {rows}",
            *_forward(run),
            "            losses.append(loss(y, t))",
            "            if not np.isfinite(losses[-1]).all():",
            '                raise ArithmeticError(f"the loss of step {len(history)} is not finite")',
            "            dy = loss_gradient(y, t)",
            f"            for layer in reversed(layers{'[:-1]' if run.fused else ''}):",
            "                dy = layer.backward(dy)",
            *(f"            {line}" for line in (*_gradients(run), *_step(run), *right)),
            "            history.append(float(losses[-1].mean()))",
            "        mean = np.concatenate(losses).astype(np.float64).mean()",
            f'        print(f"epoch {{epoch + 1}}: loss {{mean:.6f}}{shown}")',
            "        if test is not None:",
            f"            y, t = outputs(layers, {before}test[0]{after}), targets(test[1])",
            f'            print(f"    test {"accuracy" if run.counts else "loss"} {{{tested}}}")',
            *_temperatures(run),
            "    return history, layers",
        ]
    )


def _temperatures(run: Run) -> list[str]:
    """Return the division of the last weights by what fitted held-out rows after the training."""
    if run.calibrated is None:
        return []
    return [
        "    for temperature in TEMPERATURES:",
        f"        for w in layers[{run.calibrated}].parameters:",
        "            w /= temperature",
    ]


def _forward(run: Run) -> list[str]:
    """Return the outputs and targets of the batch."""
    if not run.predicts_otherwise:
        return ["            y, t = outputs(layers, X[rows]), T[rows]"]
    return [
        "            y, t = X[rows], T[rows]",
        "            for layer in layers:",
        "                y = layer.forward(y)",
    ]


def _rates(run: Run) -> list[str]:
    """Return the learning rates of an epoch's steps, where a schedule moves them."""
    if run.fit["schedule"] is None:
        return []
    moment = {
        "start": "numbers / batches",
        "middle": "(numbers + 0.5) / batches",
        "ends": "numbers * (EPOCHS / max(batches * EPOCHS - 1, 1))",
    }[run.fit["schedule"].read_at]
    return [
        "        batches = -(-len(X) // BATCH_SIZE)",
        "        numbers = np.arange(epoch * batches, (epoch + 1) * batches)",
        f"        moments = {moment}",
        "        rates = LEARNING_RATE * schedule(moments, EPOCHS)",
    ]


def _gradients(run: Run) -> list[str]:
    """Return the gradients, with what the penalties add, and not longer than they may be."""
    lines = ["gradients = [g for layer in layers for g in layer.gradients]"]
    for terms, indices in run.penalties().items():
        several = [f"{formula}, beside the loss" for (formula, *_), *_ in terms]
        lines += [f"for i in {indices}:" if len(several) > 1 else f"for i in {indices}:  # the penalty {several[0]}"]
        for ((_, before, gradient), strength, per_batch), words in zip(terms, several, strict=True):
            number = python_number(strength)
            factor = f"({number} * (1 / len(y)))" if per_batch else number
            lines += [f"    # the penalty {words}"] if len(several) > 1 else []
            lines += [f"    {line}" for line in ("w = parameters[i]", *before) if before]
            lines.append(f"    gradients[i] += {gradient.format(w='w' if before else 'parameters[i]')} * {factor}")
    if run.fit["clip_norm"] is None:
        return lines
    lines += [f"gradients[{i}][...] = 0" for i, share in enumerate(run.shares) if not share]
    pieces = "g.ravel() for g in gradients"
    if run.clips_beside_statistics:
        pieces = "g.ravel() for layer in layers for g in (*layer.gradients, *layer.still)"
    return [
        *lines,
        f"flat = np.concatenate([{pieces}])",
        "length = math.sqrt(flat.dot(flat))",
        "if length > CLIP_NORM:",
        "    gradients = [g * (CLIP_NORM / length) for g in gradients]",
    ]


def _step(run: Run) -> list[str]:
    """Return the optimizer's step."""
    rate = "LEARNING_RATE"
    if run.fit["schedule"] is not None:
        rate = "float(rates[start // BATCH_SIZE])"
    if run.optimizer.decay:
        rate += " / (1 + DECAY * len(history))"
    if not run.shares:
        return [f"optimizer.step(gradients, {rate})"]
    return [
        "before = [w.copy() for w in parameters]",
        f"optimizer.step(gradients, {rate})",
        "for w, start_of_step, share in zip(parameters, before, SHARES):",
        "    if share != 1:",
        "        w[...] = (w - start_of_step) * share + start_of_step",
    ]
