"""Files of other programs that are damaged, or made to do harm: a FormatError or DataError that names the file."""

import gzip
import io
import os
import random
import zipfile

import numpy as np
import pytest

import layerwise as lw
from layerwise.data.writing import most_unpacked
from layerwise.errors import LayerwiseError

LAYERS = [lw.Dense(4), lw.ReLU(), lw.Dense(2)]
WEIGHTS = {"0.weight": np.ones((4, 3)), "0.bias": np.ones(4), "2.weight": np.ones((2, 4)), "2.bias": np.ones(2)}


def from_torch_file(path):
    return lw.from_torch(path, LAYERS)


def from_keras_file(path):
    return lw.from_keras(path, LAYERS)


def safetensors(path):
    pytest.importorskip("safetensors.numpy").save_file(WEIGHTS, path)
    return from_torch_file


def npz(path):
    np.savez(path, *[array.T for array in WEIGHTS.values()])
    return from_keras_file


def packed_npz(path):
    np.savez_compressed(path, *[array.T for array in WEIGHTS.values()])
    return from_keras_file


def onnx_of_layerwise(path):
    pytest.importorskip("onnx")
    path.write_bytes(onnx_bytes())
    return lw.from_onnx


def onnx_of_others(path):
    onnx = pytest.importorskip("onnx")
    model = onnx.load_model_from_string(onnx_bytes())
    del model.metadata_props[:]
    path.write_bytes(model.SerializeToString())
    return lw.from_onnx


def onnx_bytes():
    from layerwise.exchange.export.onnx import to_onnx

    net = lw.Network([lw.Dense(4), lw.BatchNorm(), lw.ReLU(), lw.Dense(2), lw.Softmax()], random_state=0).build(3)
    model = to_onnx(net)
    return model if isinstance(model, bytes) else model.SerializeToString()


def idx(path):
    path.write_bytes(bytes([0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 4]) + bytes(range(12)))
    return lw.datasets.read_idx


def packed_idx(path):
    path.write_bytes(gzip.compress(bytes([0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 4]) + bytes(range(12)), mtime=0))
    return lw.datasets.read_idx


def csv(path):
    path.write_text('a,b,"c"\n1,2,x\n3,4.5,"y"\n-1e3,0,x\n')
    return lw.datasets.read_csv


def png(path):
    from layerwise.datasets.images.reading import read_digit

    pytest.importorskip("PIL.Image").fromarray(np.eye(28, dtype=np.uint8) * 255).save(path, "PNG")
    return read_digit


FORMATS = {
    ".safetensors": [safetensors], ".npz": [npz, packed_npz], ".onnx": [onnx_of_layerwise, onnx_of_others],
    ".idx": [idx, packed_idx], ".csv": [csv], ".png": [png],
}  # fmt: skip
EACH = [pytest.param(make, suffix, id=make.__name__) for suffix, makers in FORMATS.items() for make in makers]


def damaged(raw, rng):
    """Bytes that are others, gone, doubled, or numbers that are extreme."""
    new = bytearray(raw)
    for _ in range(rng.choice([1, 1, 2, 4])):
        place = rng.randrange(len(new)) if new else 0
        how = rng.randrange(5)
        if how == 0:
            new[place : place + 1] = bytes([rng.randrange(256)])
        elif how == 1:
            new[place : place + rng.choice([2, 4, 8])] = rng.choice([b"\xff\xff\xff\x7f", b"\0\0\0\0", b"\xff" * 8])
        elif how == 2:
            del new[place : place + rng.randrange(1, 20)]
        elif how == 3:
            new[place:place] = new[place : place + rng.randrange(1, 20)]
        else:
            del new[place:]
    return bytes(new)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("count", [60, pytest.param(5000, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("make", "suffix"), EACH)
def test_any_damage_is_an_error_of_the_package(make, suffix, count, tmp_path):
    path = tmp_path / f"file{suffix}"
    read = make(path)
    read(path)
    raw, rng = path.read_bytes(), random.Random(count)
    for _ in range(count):
        path.write_bytes(damaged(raw, rng))
        problem = str(path)
        try:
            read(path)
        except LayerwiseError as error:
            problem = str(error)
        assert path.name in problem


def npy(header, data=b"", version=1):
    length = len(header).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + data


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n", bytes(8)), "does not take"),
        (npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (10**15,), }\n"), "not a whole .npz"),
        (npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000,), }\n"), "does not take"),
        (npy(b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n", b"cos\nsystem\n."), "must hold numbers"),
        (npy(b"{'descr': '<U4', 'fortran_order': False, 'shape': (1,), }\n", bytes(16)), "must hold numbers"),
        (npy(b"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }\n", bytes(8)), "must hold numbers"),
        (npy(b"{'descr': (((((((("), "not a whole .npz"),
        (npy(b"{'''"), "not a whole .npz"),
        (npy(b"(" * 9000), "not a whole .npz"),
        (npy(b"{}", version=9), "format version"),
        (b"", "not a whole .npz"),
    ],
)
def test_an_array_in_an_npz_that_cannot_be(tmp_path, content, message):
    path = tmp_path / "m.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("arr_0.npy", content)
    with pytest.raises(lw.FormatError, match=message) as caught:
        lw.from_keras(path, LAYERS)
    assert "m.npz" in str(caught.value)


def test_a_zip_bomb_is_not_unpacked(tmp_path):
    """A file of 300 kB that would be 256 MB of zeros: it is refused by its sizes."""
    path, size = tmp_path / "bomb.npz", 2**28
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (%d,), }\n" % size
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("arr_0.npy", "w") as file:
        file.write(npy(header))
        for _ in range(size // 2**20):
            file.write(bytes(2**20))
    assert size > most_unpacked(os.path.getsize(path))
    with pytest.raises(lw.FormatError, match="many times its size"):
        lw.from_keras(path, LAYERS)


def test_a_gzip_bomb_is_not_unpacked(tmp_path):
    path, size = tmp_path / "bomb.idx", 2**28
    with gzip.open(path, "wb", compresslevel=9) as file:
        file.write(bytes([0, 0, 8, 1]) + size.to_bytes(4, "big"))
        for _ in range(size // 2**20):
            file.write(bytes(2**20))
    with pytest.raises(lw.DataError, match=r"bomb\.idx.*more than the file can hold"):
        lw.datasets.read_idx(path)


def test_no_file_that_an_onnx_model_names_is_opened(tmp_path, monkeypatch):
    """Neither an initializer nor a Constant node brings in a file, from the working directory or beside the model."""
    onnx = pytest.importorskip("onnx")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.bin").write_bytes(np.full(12, 42, np.float32).tobytes())

    def away(name):
        tensor = onnx.TensorProto(name=name, data_type=onnx.TensorProto.FLOAT, dims=[3, 4])
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="secret.bin")
        return tensor

    def model(nodes, initializers):
        graph = onnx.helper.make_graph(
            [*nodes, onnx.helper.make_node("MatMul", ["x", "W"], ["y"])], "g",
            [onnx.helper.make_tensor_value_info("x", 1, [None, 3])],
            [onnx.helper.make_tensor_value_info("y", 1, [None, 4])], initializers,
        )  # fmt: skip
        return onnx.helper.make_model(graph).SerializeToString()

    constant = onnx.helper.make_node("Constant", [], ["W"], value=away("W"))
    for raw in (model([constant], []), model([], [away("W")])):
        (tmp_path / "m.onnx").write_bytes(raw)
        for source in (raw, tmp_path / "m.onnx"):
            with pytest.raises(
                lw.FormatError, match=r"'W' is in another file, and no file that a model names is opened"
            ):
                lw.from_onnx(source)
    whole = onnx.load(tmp_path / "m.onnx")  # the user's own decision
    assert lw.from_onnx(whole).outputs(np.ones((1, 3))).tolist() == [[126.0] * 4]


def test_numbers_that_python_does_not_read(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "0" * 5000 + "5,1\n7,2\n")
    assert lw.datasets.read_csv(path).X.tolist() == [[5.0], [7.0]]
    path.write_text("a,b\n1," + "0" * 5000 + "5\n2,7\n")  # a name, as zip codes are
    assert lw.datasets.read_csv(path).y.tolist() == ["0" * 5000 + "5", "7"]
    for bad in ("a\0b.csv", "\ud800.csv"):
        with pytest.raises(lw.DataError, match="cannot be read"):
            lw.datasets.read_csv(bad)
        with pytest.raises(lw.DataError, match="cannot be read"):
            lw.datasets.read_idx(bad)


def test_pickles_are_nowhere_read():
    """Every `np.load` of the package refuses them."""
    from pathlib import Path

    for source in Path(lw.__file__).parent.rglob("*.py"):
        text = source.read_text("utf-8")
        assert "allow_pickle=True" not in text, source
        # What the ranks of one training send each other is no file.
        assert "pickle.load" not in text or source.parent.name == "distributed", source


def test_a_buffer_is_not_a_file():
    with pytest.raises(TypeError):
        lw.from_onnx(io.BytesIO(b""))
