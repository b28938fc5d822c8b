"""What an exercise says: its question in Markdown, a line ``---``, and a specification in YAML, read and checked."""

import math
import re
from dataclasses import dataclass, field

import yaml
from lesson_source import LineError

KEYS = ("answer", "tolerance", "choices", "wrong", "hint", "solution")


class ExerciseError(LineError):
    """A specification that cannot be used; ``line`` counts from the first line of the directive's body."""


@dataclass
class Exercise:
    """An exercise: ``answer`` is a list of numbers, or the index of one of the choices."""

    name: str
    question: str
    answer: list | int
    tolerance: float = 0.0
    choices: list = field(default_factory=list)
    wrong: list = field(default_factory=list)  # pairs: an answer like `answer`, and the sentence for it
    hint: str = ""
    solution: str = ""

    def specification(self):
        """Return what the check needs, for a browser and for a notebook."""
        return {
            "answer": self.answer,
            "tolerance": self.tolerance,
            "choices": len(self.choices),
            "wrong": [answer for answer, _ in self.wrong],
        }


def read_exercise(name, lines):
    """Return the Exercise of a directive's argument and the lines of its body.

    Raises
    ------
    ExerciseError
        With what is wrong, and the line.
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise ExerciseError(f"the id {name!r} must be lower-case words joined by hyphens, as in 'sum-of-a-neuron'")
    if "---" not in lines:
        raise ExerciseError("a line '---' is missing between the question and its specification")
    cut = lines.index("---")
    question = "\n".join(lines[:cut]).strip()
    if not question:
        raise ExerciseError("the question is missing: it stands before the line '---'")
    told = _read_yaml(lines[cut + 1 :], cut + 1)
    try:
        return _exercise(name, question, told)
    except ExerciseError as error:
        key = next((key for key in told if str(error).startswith(f"{key}:")), None)
        error.line = next((n for n, line in enumerate(lines) if n > cut and line.startswith(f"{key}:")), cut)
        raise


def _read_yaml(lines, first):
    try:
        told = yaml.safe_load("\n".join(lines))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        advice = "; put a text that holds ':' or '#' in quotes" if "mapping" in problem else ""
        raise ExerciseError(f"the YAML cannot be read: {problem}{advice}", first + (mark.line if mark else 0)) from None
    if not isinstance(told, dict):
        raise ExerciseError("expected lines such as 'answer: 2.3' after the line '---'", first)
    for key in told:
        if key not in KEYS:
            line = next((n for n, line in enumerate(lines) if line.startswith(f"{key}:")), 0)
            raise ExerciseError(f"unknown key {key!r}; the keys are {', '.join(KEYS)}", first + line)
    if "answer" not in told:
        raise ExerciseError("the key 'answer' is missing", first)
    return told


def _exercise(name, question, told):
    choices = told.get("choices", [])
    if "choices" in told:
        choices = _choices(told)
        answer, tolerance, read = _choice(told["answer"], choices, "answer"), 0.0, _choice
    else:
        answer = _numbers(told["answer"], "answer")
        tolerance, read = _tolerance(told, answer), _numbers
    wrong = []
    for pair in _list(told.get("wrong", []), "wrong"):
        if not (isinstance(pair, list) and len(pair) == 2 and isinstance(pair[1], str)):
            raise ExerciseError(f'wrong: expected [answer, "sentence"], got {pair!r}')
        found = read(pair[0], choices, "wrong") if choices else read(pair[0], "wrong")
        if not choices and len(found) != len(answer):
            raise ExerciseError(f"wrong: {pair[0]!r} has {len(found)} numbers, and the answer has {len(answer)}")
        if found == answer or (not choices and _near(found, answer, tolerance)):
            raise ExerciseError(f"wrong: {pair[0]!r} is the right answer, or within its tolerance")
        wrong.append((found, pair[1]))
    texts = {key: told.get(key, "") for key in ("hint", "solution")}
    for key, text in texts.items():
        if not isinstance(text, str) or (key in told and not text.strip()):
            raise ExerciseError(f"{key}: expected a text, got {text!r}; put it in quotes")
    return Exercise(name, question, answer, tolerance, choices, wrong, **texts)


def _list(value, key):
    if not isinstance(value, list):
        raise ExerciseError(f"{key}: expected a list, got {value!r}")
    return value


def _choices(told):
    choices = [text if isinstance(text, str) else _written(text) for text in _list(told["choices"], "choices")]
    if len(choices) < 2 or len(set(choices)) < len(choices):
        raise ExerciseError("choices: expected two or more texts, each another")
    if "tolerance" in told:
        raise ExerciseError("tolerance: an exercise with choices has none")
    return choices


def _written(value):
    """Return what an author has written for a value that YAML takes for something other than a text."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _choice(value, choices, key):
    text = value if isinstance(value, str) else _written(value)
    if text not in choices:
        raise ExerciseError(f"{key}: {text!r} is not among the choices: {', '.join(map(repr, choices))}")
    return choices.index(text)


def _numbers(value, key):
    values = value if isinstance(value, list) else [value]
    numbers = []
    for number in values:
        if isinstance(number, str) and re.fullmatch(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+", number):
            number = float(number)  # YAML 1.1 takes 1e-3 for a text
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            advice = "; a matrix is a list of its numbers, row by row" if isinstance(number, list) else ""
            raise ExerciseError(f"{key}: expected a number or a list of numbers, got {value!r}{advice}")
        numbers.append(number)
    if not numbers:
        raise ExerciseError(f"{key}: the list is empty")
    return numbers


def _tolerance(told, answer):
    if "tolerance" not in told:
        if all(isinstance(number, int) for number in answer):
            return 0.0
        raise ExerciseError("answer: the key 'tolerance' is missing; only whole numbers do without")
    tolerance = _numbers(told["tolerance"], "tolerance")
    if len(tolerance) != 1 or tolerance[0] < 0:
        raise ExerciseError(f"tolerance: expected one number of 0 or more, got {told['tolerance']!r}")
    return float(tolerance[0])


def _near(left, right, tolerance):
    return all(abs(a - b) <= tolerance * (1 + 1e-9) for a, b in zip(left, right))
