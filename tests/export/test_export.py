"""What is written where, and what is refused."""

import numpy as np
import pytest

import layerwise as lw
from layerwise.exchange.export import TARGETS


class Swish(lw.Activation):
    def forward(self, p, x, out):
        out[:] = x / (1 + np.exp(-x))

    def backward(self, p, x, y, dy, g, dx):
        dx[:] = dy


class OwnReLU(lw.ReLU):
    """Not the library's: whoever derives from a layer may change what it computes."""

    def forward(self, p, x, out):
        np.maximum(x, 0.5, out=out)


@pytest.fixture
def net(classifier):
    return classifier.build(4)


def test_the_target_follows_from_the_ending(net, tmp_path):
    assert lw.export(net, tmp_path / "a.c").to == "c"
    assert lw.export(net, tmp_path / "a.js").to == lw.export(net, tmp_path / "a.mjs").to == "javascript"
    with pytest.raises(lw.UnknownNameError, match=r"'\.py'.* several targets; give to=\"python\" or to=\"numpy\""):
        lw.export(net, tmp_path / "a.py")
    with pytest.raises(lw.UnknownNameError, match=r"'\.h5'.* no target; give .*to=\"javascript\""):
        lw.export(net, tmp_path / "a.h5")
    with pytest.raises(lw.UnknownNameError, match="to='pyton' is not known; did you mean 'python'"):
        lw.export(net, tmp_path / "a.py", "pyton")
    with pytest.raises(lw.UnknownNameError, match=r"export to c writes a file that ends with \.c; got .*a\.py"):
        lw.export(net, str(tmp_path / "a.py"), "c")


def test_what_was_written_is_told(net, tmp_path):
    written = lw.export(net, tmp_path / "my-net.v2.c")
    assert [file.name for file in written.files] == ["my-net.v2.c", "my-net.v2.h"]
    assert written.size == sum(file.stat().st_size for file in written.files)
    assert "void my_net_v2_outputs(const float *x, float *y);" in written.files[1].read_text()


@pytest.mark.parametrize("existing", ["net.c", "net.h"])
def test_nothing_is_overwritten_unasked(net, tmp_path, existing):
    (tmp_path / existing).write_text("mine")
    with pytest.raises(FileExistsError, match=rf"{existing} exists already; .*force=True"):
        lw.export(net, tmp_path / "net.c")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [(existing, "mine")]
    lw.export(net, tmp_path / "net.c", force=True)
    assert (tmp_path / existing).read_text() != "mine"


def test_no_such_directory(net, tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no directory"):
        lw.export(net, tmp_path / "nowhere" / "net.c")


@pytest.mark.parametrize("to", ["c", "python", "numpy", "javascript"])
def test_layers_without_a_formula_are_all_named(to, tmp_path):
    net = lw.Network([lw.Dense(3), Swish(), lw.Dense(2), OwnReLU(), lw.Softmax()]).build(4)
    path = tmp_path / f"net{TARGETS[to].suffixes[0]}"
    with pytest.raises(
        lw.ExportError, match=r"no formula for layer 1 \(Swish\(\)\), layer 3 \(OwnReLU\(\)\)\. .*Dense"
    ):
        lw.export(net, path, to)
    assert not path.exists()


def test_a_network_without_weights_is_refused(classifier, tmp_path):
    with pytest.raises(lw.NotBuiltError, match="call fit or forward"):
        lw.export(classifier, tmp_path / "net.c")
    with pytest.raises(lw.NotBuiltError, match=r"StandardScaler.* has not seen any data yet"):
        lw.export(lw.Network([lw.Dense(2)], scaling="standard").build(3), tmp_path / "net.c")


def test_weights_that_are_not_finite_are_refused(net, tmp_path):
    net.theta[0] = np.nan
    with pytest.raises(lw.ExportError, match=r"W of layer 0 \(dense\) holds NaN or infinity"):
        lw.export(net, tmp_path / "net.c")


def test_models_of_other_kinds(net, tmp_path):
    with pytest.raises(lw.ExportError, match=r"got an Ensemble of 3\. Export each of ensemble\.networks"):
        lw.export(lw.Ensemble([lw.Dense(2)], 3), tmp_path / "net.c")
    with pytest.raises(
        lw.ExportError, match=r"a Network, or a fitted MLPClassifier .* of layerwise; got builtins\.dict"
    ):
        lw.export({}, tmp_path / "net.c")
    with pytest.raises(lw.ExportError, match="weights='int8' is for to=\"c\""):
        lw.export(net, tmp_path / "net.mjs", weights="int8")
    with pytest.raises(lw.UnknownNameError, match="weights must be one of float32, int8; got 'int4'"):
        lw.export(net, tmp_path / "net.c", weights="int4")


def test_estimators_that_cannot_be_exported_say_what_can(tmp_path):
    pytest.importorskip("sklearn")
    with pytest.raises(lw.NotBuiltError, match=r"this MLPClassifier has no network yet: call fit"):
        lw.export(lw.MLPClassifier(), tmp_path / "net.c")


def test_names_that_are_no_identifiers(net, tmp_path):
    header = lw.export(net, tmp_path / "2 дом.c").files[1].read_text()
    assert "void net_2_outputs(" in header
    assert '"""' not in lw.export(net, tmp_path / '"""a.py', "python").files[0].read_text()[3:40]
    with pytest.raises(lw.ExportError, match="a header cannot be included by the name"):
        lw.export(net, tmp_path / 'a"b.c')
