import base64
import json

import numpy as np


def check(answer, question):
    """Print if an answer is right; `question` holds what it is compared with, so that it is not seen by accident."""
    told = json.loads(base64.b64decode(question))
    if answer is ...:
        print("Not answered yet: put your answer in place of the three dots.")
        return
    right, wrong, tolerance, n_choices = told["answer"], told["wrong"], told["tolerance"], told["choices"]
    try:
        given = np.asarray(answer, dtype=float).ravel()
    except (TypeError, ValueError):
        print(f"Expected {'the number of a choice' if n_choices else 'numbers'}, got {answer!r}.")
        return
    if n_choices:
        right, wrong = [right + 1], [[[choice + 1], sentence] for choice, sentence in wrong]
        if given.size != 1 or given[0] not in range(1, n_choices + 1):
            print(f"Choose one: a number from 1 to {n_choices}.")
            return
    elif given.size != len(right):
        print(f"Expected {len(right)} number{'s' * (len(right) > 1)}, got {given.size}.")
        return

    def near(numbers):
        return bool(np.all(np.abs(given - numbers) <= tolerance * (1 + 1e-9) + 1e-12))

    if near(right):
        print("Correct.")
        return
    print(next((sentence for numbers, sentence in wrong if near(numbers)), "Not yet."))
    if told["hint"]:
        print("Hint:", told["hint"])
