"""Exercises: what is wrong in a specification is said with its line; the page judges answers as learners write them."""

import pytest

yaml = pytest.importorskip("yaml")

from exercise_source import ExerciseError, read_exercise  # noqa: E402


def body(specification, question="What is it?"):
    return [question, "---", *specification.splitlines()]


def test_numbers_lists_and_choices_are_read():
    number = read_exercise("one", body("answer: 2.3\ntolerance: 1e-3\nwrong: [[0.3, 'Add the bias.']]"))
    assert (number.answer, number.tolerance, number.wrong) == ([2.3], 0.001, [([0.3], "Add the bias.")])
    assert read_exercise("two", body("answer: [1, 2]")).tolerance == 0
    choice = read_exercise("three", body("choices: [yes, 'no idea', 3]\nanswer: 3\nwrong: [[yes, 'No.']]"))
    assert (choice.choices, choice.answer, choice.wrong) == (["yes", "no idea", "3"], 2, [(0, "No.")])


@pytest.mark.parametrize(
    ("specification", "line", "message"),
    [
        ("answer: 2.5", 2, "'tolerance' is missing"),
        ("hint: Think.", 2, "'answer' is missing"),
        ("answer: 2\nhints: Think.", 3, "unknown key 'hints'; the keys are answer"),
        ("answer: two", 2, "expected a number or a list of numbers, got 'two'"),
        ("answer: [[1, 2], [3, 4]]", 2, "a matrix is a list of its numbers, row by row"),
        ("answer: .nan\ntolerance: 1", 2, "expected a number"),
        ("answer: 2\ntolerance: -1", 3, "expected one number of 0 or more"),
        ("choices: [a, b]\nanswer: c", 3, "'c' is not among the choices: 'a', 'b'"),
        ("choices: [a]\nanswer: a", 2, "two or more texts"),
        ("choices: [a, b]\nanswer: a\ntolerance: 1", 4, "an exercise with choices has none"),
        ("answer: 2\nwrong: [3, 'No.']", 3, 'expected [answer, "sentence"]'),
        ("answer: 2\nwrong:\n  - [2, 'No.']", 3, "is the right answer"),
        ("answer: [1, 2]\nwrong:\n  - [2, 'No.']", 3, "has 1 numbers, and the answer has 2"),
        ("answer: 2\nhint: 7", 3, "expected a text, got 7"),
        ("answer: 2\nhint: That is: this", 3, "put a text that holds ':' or '#' in quotes"),
    ],
)
def test_a_wrong_specification_is_an_error_with_its_line(specification, line, message):
    with pytest.raises(ExerciseError) as raised:
        read_exercise("an-id", body(specification))
    assert message in str(raised.value)
    assert raised.value.line == line


@pytest.mark.parametrize(
    ("name", "lines", "message"),
    [
        ("An Id", ["Q", "---", "answer: 2"], "lower-case words"),
        ("an-id", ["Q", "answer: 2"], "a line '---' is missing"),
        ("an-id", ["", "---", "answer: 2"], "the question is missing"),
    ],
)
def test_a_missing_part_is_an_error(name, lines, message):
    with pytest.raises(ExerciseError, match=message):
        read_exercise(name, lines)


def test_errors_are_told_with_file_and_line(small_site):
    assert "bad_lesson.md:12: ERROR: exercise 'no-tolerance': answer: the key 'tolerance'" in small_site.faults.stderr
    assert "the id is taken by the exercise at line 21 of bad_lesson.md" in small_site.faults.stderr


@pytest.fixture
def lesson(open_file, small_site):
    assert small_site.again.returncode == 0, small_site.again.stderr
    page = open_file(small_site.html / "lesson.html")
    page.say = lambda name, text: _say(page, name, text)
    return page


def _say(page, name, text):
    exercise = page.locator(f"#exercise-{name}")
    exercise.get_by_role("textbox").fill(text)
    exercise.get_by_role("textbox").press("Enter")
    return exercise.get_by_role("status").inner_text()


@pytest.mark.flow
def test_a_number(lesson):
    exercise = lesson.locator("#exercise-a-number")
    assert not exercise.get_by_text("Hint").is_visible()
    assert lesson.say("a-number", "0.3").startswith("That is the weighted sum alone. Add the bias")
    assert exercise.get_by_role("status").locator("mjx-container svg").is_visible()
    assert exercise.get_by_text("Hint").is_visible()
    assert lesson.say("a-number", "-2.3") == "Check the sign."
    assert lesson.say("a-number", "2.31").startswith("Close")
    assert lesson.say("a-number", "7") == "Not yet."
    assert lesson.say("a-number", "2.3%") == "Not yet."
    assert lesson.say("a-logarithm", "1.2") == "Right so far; give more decimals."
    assert lesson.say("a-logarithm", "1,20") == "Right so far; give more decimals."
    assert lesson.say("a-logarithm", "1.3") == "Not yet."
    assert lesson.say("a-logarithm", "1.20%") == "Not yet."
    assert lesson.say("a-number", "").startswith("Write your answer")
    assert lesson.say("a-number", "two").startswith("This cannot be read. Write a number")
    assert not exercise.get_by_text("That is the weighted sum").is_visible()
    for text in (
        "2.3",
        "2,3",
        " 2.300 ",
        "23/10",
        "23 / 10",
        "2.3e0",
        "23·10^-1",
        "23 × 10^(-1)",
        "230%",
        "z = 2.3",
        "+2.3",
    ):
        assert lesson.say("a-number", text) == "Correct.", text
    assert exercise.get_by_text("Exercise (solved)").is_visible()
    assert not exercise.get_by_text("1 · 0.2").is_visible()
    exercise.get_by_text("Solution").click()
    assert exercise.locator("details[data-kind=solution] mjx-container").is_visible()


@pytest.mark.flow
def test_a_list(lesson):
    assert lesson.say("a-list", "-1, 0.5, 2") == "ReLU gives 0 for a number below 0."
    assert lesson.say("a-list", "−1 0.5 2") == "ReLU gives 0 for a number below 0."
    assert lesson.say("a-list", "0.5; 0; 2") == "These are the numbers, in another order."
    assert lesson.say("a-list", "0 1 2") == "2 of the 3 numbers are right."
    assert lesson.say("a-list", "0 1").startswith("This cannot be read. Write 3 numbers")
    for text in (
        "0, 0.5, 2",
        "0 0.5 2",
        "0;0,5;2",
        "0 0,5 2",
        "[0, 0.5, 2]",
        "0, 1/2, 2",
        "[0. 0.5 2.]",
        "a = (0,.5,2)",
        "a=0, b=0.5, c=2",
        "0, 0.5 and 2",
        "np.array([0, 0.5, 2])",
    ):
        assert lesson.say("a-list", text) == "Correct.", text
    for text in ("784 30", "784x30", "784 × 30", "784 by 30", "784 and 30", "W.shape = (784, 30)", "n = 784; m = 30"):
        assert lesson.say("a-shape", text) == "Correct.", text
    assert lesson.say("a-shape", "30 x 784") == "These are the numbers, in another order."


@pytest.mark.flow
def test_a_choice_by_the_keyboard(lesson):
    exercise = lesson.locator("#exercise-a-choice")
    exercise.get_by_role("button").click()
    assert exercise.get_by_role("status").inner_text() == "Choose an answer first."
    exercise.get_by_label("Dense").focus()
    for key, said in ((" ", "That is a layer with weights."), ("ArrowDown", "Correct."), ("ArrowDown", "Not yet.")):
        lesson.keyboard.press(key)
        lesson.keyboard.press("Enter")
        assert exercise.get_by_role("status").inner_text() == said


def test_what_was_solved_is_remembered(lesson, small_site):
    lesson.say("a-number", "2.3")
    lesson.reload()
    assert lesson.locator("#exercise-a-number").get_by_text("Exercise (solved)").is_visible()
    assert lesson.get_by_text("Exercise (solved)").count() == 1


def test_without_javascript_all_is_readable(open_file, small_site):
    page = open_file(small_site.html / "lesson.html", java_script_enabled=False)
    exercise = page.locator("#exercise-a-number")
    assert not exercise.get_by_text("Multiply each input").is_visible()
    exercise.get_by_text("Hint").click()
    assert exercise.get_by_text("Multiply each input").is_visible()
    assert page.locator("#exercise-a-choice .exercise-choice").count() == 3
    assert not page.get_by_text("That is a layer with weights.").is_visible()
