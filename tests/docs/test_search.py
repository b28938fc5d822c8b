"""Questions that users ask, and the page that comes first."""

from urllib.parse import quote

import pytest

QUESTIONS = {
    # whole questions
    "how do I choose the learning rate?": "how-to/learning-rate",
    "why is my loss nan": "how-to/what-is-wrong",
    "loss does not go down": "how-to/what-is-wrong",
    "how do I save a model": "how-to/save-and-load",
    "is it the same on two machines": "explanation/same-bits",
    "how many neurons should I use": "how-to/training",
    # a few words
    "save model to disk": "how-to/save-and-load",
    "pickle": "how-to/save-and-load",
    "load model from file": "how-to/save-and-load",
    "read a csv file": "how-to/tables",
    "predict one image": "how-to/predict",
    "resume training after crash": "how-to/save-and-load",
    "datetime column": "how-to/tables",
    "categorical columns": "how-to/tables",
    "missing values": "how-to/tables",
    "class imbalance": "how-to/imbalance",
    "SMOTE": "how-to/imbalance",
    "imbalanced classes": "how-to/imbalance",
    "learning rate too high": "how-to/learning-rate",
    "hyperparameter tuning": "how-to/searches",
    "regularisation": "course/6-beyond/01-regularization",
    "grid search hyperparameters": "how-to/searches",
    "custom loss function": "how-to/custom-parts",
    "custom layer": "how-to/custom-parts",
    "dataset too big for memory": "how-to/scale",
    "train on several machines": "how-to/many-machines",
    "keras model.fit equivalent": "how-to/from-keras",
    "nn.Linear": "how-to/from-pytorch",
    "LogSoftmax": "how-to/from-pytorch",
    "train_test_split": "how-to/from-scikit-learn",
    "sklearn pipeline": "how-to/from-scikit-learn",
    "export to C": "how-to/export",
    "export to javascript": "how-to/export",
    "digits on my phone": "how-to/ship",
    "deploy to a microcontroller": "how-to/ship",
    "prediction interval": "how-to/confidence",
    "not sure predictions": "how-to/confidence",
    "draw the network": "how-to/pictures",
    "install on windows": "how-to/install",
    "command line training": "reference/command-line",
    "set random seed reproducible results": "explanation/same-bits",
    # one word
    "nan": "how-to/what-is-wrong",
    "gpu": "explanation/limits",
    "cnn": "explanation/limits",
    "what is a neuron": "course/1-neurons/01-neuron",
    "what is backpropagation": "course/3-learning/02-backpropagation",
    # names, as they are written and in words
    "Dense": "reference/api/layerwise.Dense",
    "lw.find_learning_rate()": "reference/api/layerwise.find_learning_rate",
    "batch normalisation": "reference/api/layerwise.BatchNorm",
    "dropuot": "reference/api/layerwise.Dropout",  # misspelt
    "batch norm": "reference/api/layerwise.BatchNorm",
    "dropout rate": "reference/api/layerwise.Dropout",
    "fashion mnist": "reference/api/layerwise.datasets.load_fashion_mnist",
}
EITHER = {  # two pages, either of which may come first
    "early stopping": {"how-to/training", "reference/api/layerwise.EarlyStopping"},
    "confusion matrix": {f"reference/api/layerwise.{name}.confusion_matrix" for name in ("metrics", "plots")},
    "overfitting": {"how-to/what-is-wrong", "course/4-training/04-held-out-data"},
}


def ask(page, query):
    page.get_by_role("textbox").or_(page.get_by_role("searchbox")).first.fill(query)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/search.html?q={quote(query, safe='').replace('%20', '+')}*")
    page.locator(".search-summary").filter(has_text="“").wait_for()
    return [link.get_attribute("href") for link in page.locator("#search-results li a").all()[:5]]


def first_result(page, question):
    page.evaluate("question => Search.query(question)", question)
    found = page.evaluate("() => document.querySelector('#search-results li a')?.getAttribute('href')")
    return found and found.partition(".html")[0]


@pytest.mark.flow
def test_questions_find_their_page(open_file, docs_site):
    page = open_file(docs_site / "search.html")
    ask(page, "gpu")  # by the keyboard; the others are asked of the page at once
    first = {question: first_result(page, question) for question in QUESTIONS}
    assert first == QUESTIONS
    for question, pages in EITHER.items():
        assert first_result(page, question) in pages, question


def test_nothing_found_is_said(open_file, docs_site):
    page = open_file(docs_site / "search.html", query="?q=xylophone")
    page.get_by_text("Nothing was found for “xylophone”").wait_for()


def test_a_result_shows_its_kind_and_its_first_lines(open_file, docs_site):
    page = open_file(docs_site / "search.html", query="?q=from+keras")
    first = page.locator("#search-results li").first
    first.wait_for()
    assert first.locator(".search-kind").inner_text() == "How-to"
    assert len(first.locator(".context").inner_text()) > 40
    first.get_by_role("link").click()
    page.wait_for_url("**/how-to/from-keras.html*")
