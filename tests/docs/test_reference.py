"""The reference describes every public class and function, each by its public name."""

import re
from pathlib import Path

import pytest

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
if not REFERENCE.exists():
    pytest.skip("the sources without their pages", allow_module_level=True)

import public  # noqa: E402 -- of docs/_ext


def listed():
    """Every name that a table of the reference lists, with the page."""
    for page in sorted(REFERENCE.glob("*.md")):
        for table in re.findall(r"\.\. autosummary::\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            for name in re.findall(r"^   ([\w.]+)$", table, re.MULTILINE):
                yield f"layerwise.{name}", page.name


def test_each_public_name_has_one_page():
    names = [name for name, _ in listed()]
    assert sorted(names) == sorted(public.public_objects())


def test_a_name_that_no_page_lists_is_found(monkeypatch):
    import layerwise

    monkeypatch.setattr(layerwise, "_New", type("_New", (), {}), raising=False)
    monkeypatch.setattr(layerwise, "__all__", [*layerwise.__all__, "_New"])
    public.public_objects.cache_clear()
    assert set(public.public_objects()) - {name for name, _ in listed()} == {"layerwise._New"}
    monkeypatch.undo()
    public.public_objects.cache_clear()


def test_names_are_the_shortest():
    assert {"layerwise.Dense", "layerwise.schedules.Cosine"} <= set(public.public_objects())
    assert "layerwise.layers.Dense" not in public.public_objects()


def test_each_page_of_the_reference_is_in_its_index():
    index = (REFERENCE / "index.md").read_text(encoding="utf-8")
    pages = {page.stem for page in REFERENCE.glob("*.md")} - {"index"}
    assert {page for page in pages if f":link: {page}\n" in index or f"({page}.md)" in index} == pages


@pytest.mark.parametrize("name", public.INTERNAL)
def test_each_internal_member_is_there(name):
    classes = [base for value in public.public_objects().values() for base in getattr(value, "__mro__", ())]
    cls = next(one for one in classes if one.__name__ == name)
    assert [member for member in public.INTERNAL[name].split() if not hasattr(cls, member)] == []


def test_a_page_leaves_out_what_layerwise_alone_calls():
    network = public.members(public.public_objects()["layerwise.Network"])
    assert {"fit", "predict", "summary"} <= set(network)
    assert not {"forget_passes", "take_over"} & set(network)
    assert "trees" not in public.members(public.public_objects()["layerwise.schedules.Schedule"])


def test_no_page_tells_its_readers_to_call_an_internal_method():
    pages = [page for page in REFERENCE.parent.glob("[ceh]*/**/*.md") if "gallery" not in page.parts]
    texts = {page.name: page.read_text(encoding="utf-8") for page in pages}
    assert len(texts) > 40
    names = "|".join(public.INTERNAL["Network"].split())
    assert {name: found for name, text in texts.items() if (found := re.findall(rf"\bnet\.({names})\b", text))} == {}


def test_what_training_calls_on_a_callback_is_on_its_base_class_alone():
    objects = public.public_objects()
    assert "on_epoch_end" in public.members(objects["layerwise.Callback"])
    assert public.members(objects["layerwise.EarlyStopping"]) == []
    assert public.members(objects["layerwise.Histograms"]) == ["layers", "quantiles"]


def test_methods_that_some_settings_lack_and_calls_are_listed():
    objects = public.public_objects()
    pytest.importorskip("sklearn")
    assert "partial_fit" in public.members(objects["layerwise.MLPClassifier"])
    assert "__call__" in public.members(objects["layerwise.Loss"])
