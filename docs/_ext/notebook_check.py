import base64
import json
import re

import numpy as np


def read_numbers(answer, count):
    """Return an answer's numbers, and by how much each may be rounded; a text may have a decimal comma or a percent."""
    if isinstance(answer, str):
        text = answer.strip(" \n[]()")
        between = ";" if ";" in text else r",?\s+" if re.search(r"\s", text) else ","
        words = [text] if count == 1 else re.split(between, text)
    else:
        words = np.asarray(answer, dtype=object).ravel().tolist()
    values, rounding = [], []
    for word in words:
        text = word if isinstance(word, str) else re.sub(r"\.0$", "", repr(float(word)))
        text = text.strip().replace("\u2212", "-").replace(",", ".")
        scale = 0.01 if text.endswith("%") else 1
        top, *bottom = text.rstrip("% ").split("/")
        values.append(scale * float(top) / (float(bottom[0]) if bottom else 1))
        decimals = re.fullmatch(r"[+-]?\d*\.(\d+)(?:e([+-]?\d+))?", top, re.IGNORECASE)
        known = decimals and values[-1] and not bottom
        rounding.append(scale * 0.5 * 10.0 ** (int(decimals[2] or 0) - len(decimals[1])) if known else 0)
    return np.array(values), np.array(rounding)


def check(answer, question):
    """Print if an answer is right; `question` holds what it is compared with, so that it is not seen by accident."""
    told = json.loads(base64.b64decode(question))
    if answer is ...:
        print("Not answered yet: put your answer in place of the three dots.")
        return
    right, wrong, tolerance, n_choices = told["answer"], told["wrong"], told["tolerance"], told["choices"]
    try:
        given, rounding = read_numbers(answer, 1 if n_choices else len(right))
    except (TypeError, ValueError, ZeroDivisionError):
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

    def near(numbers, margin=tolerance, sign=1):
        return bool(np.all(np.abs(sign * given - numbers) <= np.asarray(margin) * (1 + 1e-9) + 1e-12))

    if near(right):
        print("Correct.")
        return
    said = next((sentence for numbers, sentence in wrong if near(numbers)), "")
    if not said and not n_choices:
        scale = np.max(np.abs(right))
        if near(right, np.maximum(tolerance, rounding)):
            said = "Right so far; give more decimals."
        elif scale and near(right, sign=-1):
            said = "Check the sign."
        elif tolerance and near(right, max(5 * tolerance, 0.01 * scale)):
            said = "Close, but not close enough. Give more digits, or check the rounding."
    print(said or "Not yet.")
    if told["hint"]:
        print("Hint:", told["hint"])
