"""The answers of the exercises of parts 1 to 3, and the usual mistakes, computed here from the questions' numbers."""

from math import exp, log, log10
from pathlib import Path

import pytest

pytest.importorskip("yaml")

import numpy as np
from exercise_source import read_exercise
from lesson_source import read_blocks

COURSE = Path(__file__).parents[2] / "docs" / "course"


def sigmoid(z):
    return 1 / (1 + exp(-z))


w, x = np.array([0.2, 0.8, -0.5]), np.array([1, 2, 3])
A, B = np.array([[1, 2], [3, 4]]), np.array([[5, 6], [7, 8]])
u, v = np.array([2, -1, 3]), np.array([4, 5, 1])
errors = np.array([2, 5, 9]) - np.array([3, 5, 7])
p = np.array([0.6, 0.3, 0.1])

# What is right, then the mistakes in the order of the lesson.
ANSWERS = {
    "neuron-sum": [w @ x + 2, w @ x, abs(w) @ x + 2],
    "neuron-change": [3 * -2, 3 * 2, 3, -2],
    "neuron-sigmoid-half": [2 * 3 - 1, -(2 * 3 - 1), 2 * 3, 2 * 3 - 1 - 0.5],
    "layer-dot-product": [u @ v, abs(u) @ v, u.sum() + v.sum()],
    "layer-shape": [(784, 30), (30, 784)],
    "layer-parameters": [784 * 30 + 30, 784 * 30, 784 * 30 + 784, 784 + 30],
    "batch-shape": [(np.ones((64, 10)) @ np.ones((10, 5))).shape, (10, 5), (5, 64), (64, 10)],
    "batch-entry": [(A @ B)[0, 1], (A @ B)[0, 0], (A @ B)[1, 0], (A * B)[0, 1]],
    "batch-parameters": [4 * 3 + 3 + 3 * 3 + 3, 4 * 3 + 3 * 3, 4 * 3 + 3 * 3 + 3, 4 + 3 + 3],
    "activations-relu": [max(0, 2 * 1 - 3 * 2 + 1), 2 - 6 + 1, abs(2 - 6 + 1), 2 + 6 + 1],
    "activations-merge": [(-2 * 3, -2 * 1 + 4), (-2 + 3, 1 + 4), (-6, 1 + 4), (-6, 4), (-6, -2 * (1 + 4))],
    "activations-leaky": [0.1 * -5, max(0, -5), 0.1 * 5, -5],
    "activations-symmetry": [sigmoid(-2), -sigmoid(2), sigmoid(2)],
    "pair-point": [3 / 2, -3 / 2, -3, 3],
    "pair-slope": [-3 * -2, -6, -3 - 2],
    "pair-height": [max(0, -2 * max(0, -1 + 0.5) + 2), 1, -2 * (-1 + 0.5) + 2],
    "first-weights-zero": [1 / 5, 0, 5 * (1 / 5)],
    "first-weights-parameters": [2 * 64 + 64 + 64 * 3 + 3, 2 * 64 + 64 * 3, 2 * 64 + 64 + 64 * 3],
    "softmax-equal": [exp(7) / (4 * exp(7)), 1, 7],
    "softmax-odds": [exp(1), 1, 2],
    "softmax-argmax": [np.argmax([0.1, 0.05, 0.6, 0.25]), 3, 0.6],
    "losses-mse": [(errors**2).mean(), (errors**2).sum(), abs(errors).mean(), (errors**2).mean() / 2],
    "losses-cross-entropy": [-log(0.3), -log(0.5), -log(0.2), log(0.3), -log10(0.3)],
    "losses-guessing": [-log(0.1), 0.1, -log10(0.1), -10 * log(0.1)],
    "slope-derivative": [6 * 2 - 4, 3 * 2**2 - 4 * 2 + 7, 6 * 2 - 4 + 7, 6 * 2],
    "slope-sigmoid": [0.9 * (1 - 0.9), 0.9, 1 - 0.9, sigmoid(0) * (1 - sigmoid(0))],
    "slope-partial": [(2 * 3 * 2, 3**2), (9, 12), (2 * 3, 9), (12, 1)],
    "backprop-chain": [2 * (5 * 1 + 2) * 5, 2 * (5 * 1 + 2), 2 * 5 * 5, 5],
    "backprop-step": [0.5 - 0.1 * -2, 0.5 + 0.1 * -2, 0.5 + 2, 0.1 * 2],
    "layers-delta": [(0.8 - 1) * 0.8 * 0.2, (1 - 0.8) * 0.8 * 0.2, 0.8 - 1, 0.8 * 0.2],
    "layers-collect": [0.1 * 2 + 0.4 * -1, 0.1 * 2 + 0.4, 0.1 + 0.4, 0.1 * 2],
    "layers-softmax": [p - [0, 1, 0], p - [1, 0, 0], [0, 1, 0] - p, (0, 0.3 - 1, 0)],
    "layers-shape": [(np.ones((10, 784)) @ np.ones((784, 30))).shape, (784, 30), (30, 10), (10, 784)],
    "descent-step": [4 - 0.25 * 2 * 4, 4 - 0.25 * 4, 4 + 0.25 * 2 * 4, 4 - 0.25 * 4**2],
    "descent-count": [50_000 // 10 * 30, 50_000 // 10, 50_000 * 30, 50_000 * 10],
    "descent-border": [2 / (5 * 2), 2 / 2, 1 / (5 * 2), 2 / 5],
    "optimizers-momentum": [0.9 * -0.2 - 0.1 * 1, 0.9 * -0.2 + 0.1 * 1, -0.2 - 0.1 * 1, -0.1 * 1],
    "optimizers-adagrad": [(0.5, 0.5), (0.5 * 100, 0.5 * 0.01), (-0.5, -0.5), (0.5 / 100, 0.5 / 0.01)],
    "optimizers-adam-first": [0.1 * 3 / (1 - 0.9), 0.1 * 3, 0.9 * 3],
    "optimizers-decay": [0.1 / (1 + 0.01 * 100), 0.1, 0.1 - 0.1 * 0.1, 0.1 * 0.99**100],
    "check-relative": [0.005 / 0.025, 0.005, 0.005 / 0.020, 20],
    "check-factor": [50, 1 / 50, 1],
}


def exercises():
    """Return the exercises of parts 1 to 3 that ask for numbers, by their names."""
    blocks = [block for path in sorted(COURSE.glob("[123]-*/*.md")) for block in read_blocks(path.read_text("utf-8"))]
    read = [read_exercise(block.argument, block.body.splitlines()) for block in blocks if block.kind == "exercise"]
    return {exercise.name: exercise for exercise in read if not exercise.choices}


EXERCISES = exercises()


def test_every_exercise_is_computed():
    assert sorted(EXERCISES) == sorted(ANSWERS)


@pytest.mark.parametrize("name", ANSWERS)
def test_the_answer_and_the_mistakes_are_what_the_question_gives(name):
    exercise, (right, *mistakes) = EXERCISES[name], ANSWERS[name]
    margin = max(exercise.tolerance / 2, 1e-9)  # an answer may be rounded, but not to the end of its tolerance
    np.testing.assert_allclose(exercise.answer, np.ravel(right), rtol=0, atol=margin)
    assert len(exercise.wrong) == len(mistakes)
    for (given, _), mistake in zip(exercise.wrong, mistakes):
        np.testing.assert_allclose(given, np.ravel(mistake), rtol=0, atol=margin)


@pytest.mark.parametrize("name", ANSWERS)
def test_no_mistake_hides_another(name):
    exercise = EXERCISES[name]
    for i, (given, _) in enumerate(exercise.wrong):
        for other, _ in exercise.wrong[:i]:
            assert np.max(np.abs(np.subtract(given, other))) > 2 * exercise.tolerance
