"""Samples in files: what is read, and what is refused with line and column."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pellucid as pl
import pytest
from pellucid.standard import tables
from pellucid.standard.tables import read_table

CSV = "a,b,species\n1,2.5,cat\n3,4,dog\n5,6,cat\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("pets.csv").write_text(CSV)
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        CSV,
        CSV.replace(",", ";"),
        CSV.replace(",", "\t"),
        "\ufeff" + CSV,
        CSV.replace("\n", "\r\n"),
        CSV.replace("3,4", "\n\n 3 , 4"),
    ],
)
def test_dialects_of_csv(folder: Path, text: str) -> None:
    Path("d.csv").write_text(text, newline="")
    table = read_table("d.csv", "species")
    assert table.x.dtype == np.float64
    assert table.x.tolist() == [[1, 2.5], [3, 4], [5, 6]]
    assert table.y is not None and table.y.tolist() == ["cat", "dog", "cat"]


def test_csv_without_names(folder: Path) -> None:
    Path("n.csv").write_text("1,2,0\n3,4,1\n")
    assert read_table("n.csv").x.shape == (2, 3)
    table = read_table("n.csv", "-1")
    assert table.x.tolist() == [[1, 2], [3, 4]] and table.y.tolist() == [0, 1]
    assert read_table("n.csv", "0").y.tolist() == [1, 3]


@pytest.mark.parametrize("target", ["2", 2, "-1", -1])
@pytest.mark.parametrize(("text", "rows"), [(CSV, 3), (CSV.partition("\n")[2], 3), ("5.1,3.5,cat\n4.9,3.0,dog\n", 2)])
def test_a_column_by_its_number_whatever_the_first_line_holds(folder: Path, text: str, rows: int, target: str) -> None:
    Path("d.csv").write_text(text)
    table = read_table("d.csv", target)
    assert table.x.shape == (rows, 2) and table.y is not None and set(table.y) == {"cat", "dog"}
    assert table.features == (("a", "b") if text == CSV else None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0.5,x\n0.6,y\n0.7,x\n", "line 1, column '1': expected a number"),  # a number above numbers: a sample
        ("a,2,y\n1,2,p\n", "may be the names"),
        ("2019,2020,growth\n1,2,3\n", "header = true or header = false"),
        ("5.1,?,x\n4.9,3.0,y\n", "line 1, column '1': expected a number"),
        ("?,x\n4.9,x\n", "line 1, column '0': expected a number"),
        ("a,b\n1,2\na,b\n3,4\n", "line 3, column 'a': expected a number"),
        ("a,y\n1,y\n2,n\n", "line 2, column 'y': expected a number"),
        ("0,1,2\n5,6,7\n", "may be the names"),  # as pandas numbers columns without names
        (",0,1\n0,6,7\n", "may be the names"),
        ("a,b,y\n?,1,p\n2,?,q\n", "line 2, column 'a': expected a number"),
        ("width\n", "has column names and no samples"),
    ],
)
def test_names_or_a_sample(folder: Path, text: str, message: str) -> None:
    Path("d.csv").write_text(text)
    with pytest.raises(pl.DataError, match=message):
        read_table("d.csv")


def test_what_is_known_of_the_first_line_decides(folder: Path) -> None:
    Path("d.csv").write_text("2019,2020\n1,2\n")
    assert read_table("d.csv").x.tolist() == [[2019, 2020], [1, 2]]
    assert read_table("d.csv", header=True).features == ("2019", "2020")
    assert read_table("d.csv", features=("2020", "2019")).x.tolist() == [[1, 2]]
    splits = pl.load_dataset("files", train="d.csv", header=True, test="d.csv", validation=0)
    assert splits.train.features == splits.test.features == ("2019", "2020")


def test_a_number_that_is_also_a_name(folder: Path) -> None:
    Path("d.csv").write_text("a,0,b\n1,2,3\n4,5,6\n")
    assert read_table("d.csv", "0", header=True).y.tolist() == [2, 5]
    assert read_table("d.csv", -3, header=True).y.tolist() == [1, 4]
    with pytest.raises(pl.DataError, match=r"target = 0 may be column 0, which is called 'a', or the one .* column 1"):
        read_table("d.csv", 0, header=True)
    Path("d.csv").write_text("a,a,b\n1,2,3\n")
    with pytest.raises(pl.DataError, match="2 columns called 'a'"):
        read_table("d.csv", "a")


def test_a_target_by_number_is_no_feature_of_the_training_data(folder: Path) -> None:
    Path("d.csv").write_text("a,b\n1,2\n")
    assert read_table("d.csv", 0, must_have_target=False, features=("a", "b")).features == ("a", "b")


@pytest.mark.parametrize("name", ["", "Unnamed: 0"])
def test_row_numbers_without_a_name_are_left_out_and_that_is_said(folder: Path, name: str) -> None:
    Path("d.csv").write_text(f"{name},a,y\n7,1.5,p\n3,2.5,q\n")
    with pytest.warns(pl.PellucidWarning, match="column 0 has no name and numbers the rows; it is left out"):
        table = read_table("d.csv", "y")
    assert table.features == ("a",) and table.x.tolist() == [[1.5], [2.5]]


def test_commas_at_the_end_of_lines_are_no_column(folder: Path) -> None:
    Path("d.csv").write_text("a,y,\n1,p,\n2,q,\n")
    assert read_table("d.csv", "y").features == ("a",)


def test_all_digits_of_a_number_reach_the_transforms(folder: Path) -> None:
    Path("d.csv").write_text("time,y\n" + "".join(f"{1_700_000_000 + 10 * i},{i % 2}.5\n" for i in range(20)))
    split = pl.load_dataset("files", train="d.csv", target="y", validation=0, test=0).train
    assert split.x.dtype == split.y.dtype == np.float64 and len(np.unique(split.x)) == 20
    standardize = pl.Standardize()
    standardize.fit(split.x)
    assert len(np.unique(standardize.apply(split.x).astype(np.float32))) == 20


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("a,b\n", "has column names and no samples"),
        ("a,b\n1,2\n3\n", r"line 3: expected 2 fields separated by ','.*Received: 1"),
        ("a,b\n1,2\n3,x\n", r"line 3, column 'b': expected a number. Received: 'x'.*'table'.*\"table\", or --data"),
        ("a,c\n1,x\n", "column 'c': expected a number. Received: 'x'. If it holds the targets, say so: target = 'c'"),
        ("a,b\n1,\n", r"line 2, column 'b': expected a number. Received: ''"),
        ("a,b\n1,1_000\n", r"line 2, column 'b': expected a number. Received: '1_000'"),
        ("a,\n1,2\n3,4\n", "column 1 has no name, and holds values such as '2'. Name it"),
        (",a\n1,2\n1,4\n", "column 0 has no name, and holds values such as '1'. Name it"),
    ],
)
def test_csv_that_cannot_be_read(folder: Path, text: str, message: str) -> None:
    Path("bad.csv").write_text(text)
    with pytest.raises(pl.DataError, match=message):
        read_table("bad.csv")


def test_a_field_that_is_longer_than_python_reads(folder: Path) -> None:
    """A quote that is never closed makes one field of all that follows it."""
    Path("bad.csv").write_text('a,b\n1,2\n3,"' + 70_000 * "4\n")
    with pytest.raises(pl.DataError, match=r"Line \d+ is not valid CSV: field larger than field limit \(131072\)"):
        read_table("bad.csv")


def test_csv_that_is_no_text(folder: Path) -> None:
    Path("bad.csv").write_bytes(b"a,b\n\xff\xfe,2\n")
    with pytest.raises(pl.DataError, match="not a text file in UTF-8"):
        read_table("bad.csv")


def test_unknown_column(folder: Path) -> None:
    with pytest.raises(
        pl.DataError, match=r"no column 'specie'.*Did you mean 'species'\? Its columns, numbered 0 to 2: a, b, sp"
    ):
        read_table("pets.csv", "specie")


@pytest.mark.parametrize("suffix", ["npy", "npz"])
@pytest.mark.parametrize("size", [0, 4, 20, 90, -1])
def test_truncated_arrays(folder: Path, suffix: str, size: int) -> None:
    path = Path(f"x.{suffix}")
    np.save(path, np.zeros((5, 4))) if suffix == "npy" else np.savez(path, x=np.zeros((5, 4)))
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(pl.DataError, match=f"x.{suffix}"):
        read_table(path)


def test_header_that_claims_more_than_the_file_holds(folder: Path) -> None:
    np.save("x.npy", np.zeros((5, 4)))
    raw = Path("x.npy").read_bytes()
    Path("x.npy").write_bytes(raw.replace(b"(5, 4)", b"(5000000000, 4)").replace(b" " * 9 + b"\n", b"\n"))
    tracemalloc.start()
    with pytest.raises(pl.DataError, match="truncated or damaged: shape"):
        read_table("x.npy")
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_pickled_objects_are_not_loaded(folder: Path) -> None:
    np.save("x.npy", np.array([{"a": 1}], object))
    with pytest.raises(pl.DataError, match="Python objects, which are not loaded"):
        read_table("x.npy")


def test_column_major_and_old_formats(folder: Path) -> None:
    x = np.asfortranarray(np.arange(12.0).reshape(3, 4))
    with Path("x.npy").open("wb") as file:
        np.lib.format.write_array(file, x, version=(2, 0))
    assert read_table("x.npy").x.tolist() == x.tolist()


# -- the data set ----------------------------------------------------------------------------------------------------


def test_texts_become_labels_numbered_as_in_the_training_file(folder: Path) -> None:
    Path("test.csv").write_text("a,b,species\n1,1,dog\n")
    splits = pl.load_dataset("files", train="pets.csv", test="test.csv", validation=0, target="species")
    assert splits.classes == ("cat", "dog")
    assert splits.train.y.tolist() == [0, 1, 0]
    assert splits.test.y.tolist() == [1]
    assert len(splits.validation) == 0


@pytest.mark.parametrize("names", ["1.0 2.0 x", "+1 +2 x", "1e3 2e3 x", "1 2 x", "01 02 x"])
def test_names_of_classes_that_are_numbers(folder: Path, names: str) -> None:
    """A test file without the class x holds numbers only: they are names all the same."""
    one, two, x = names.split()
    Path("train.csv").write_text(f"a,y\n1,{two}\n2,{x}\n3,{one}\n4,{two}\n5,{x}\n6,{one}\n")
    Path("test.csv").write_text(f"a,y\n1,{two}\n2,{one}\n")
    splits = pl.load_dataset("files", train="train.csv", test="test.csv", validation=0, target="y")
    assert (splits.classes, splits.test.y.tolist()) == ((one, two, x), [1, 0])


def test_a_class_that_is_a_number_is_found_by_its_value(folder: Path) -> None:
    Path("train.csv").write_text("a,y\n1,1.0\n2,2.0\n3,x\n4,1.0\n5,2.0\n6,x\n")
    Path("test.csv").write_text("a,y\n1,2\n2,1.00\n")
    data = {"train": "train.csv", "test": "test.csv", "validation": 0, "target": "y"}
    assert pl.load_dataset("files", **data).test.y.tolist() == [1, 0]
    Path("test.csv").write_text("a,y\n1,2\n2,3.5\n")
    with pytest.raises(pl.DataError, match=r"row 1 .*unknown class '3\.5'"):
        pl.load_dataset("files", **data)


def test_names_of_both_kinds_in_one_test_file(folder: Path) -> None:
    Path("train.csv").write_text("a,y\n1,1.0\n2,2.0\n3,x\n4,1.0\n5,2.0\n6,x\n")
    Path("test.csv").write_text("a,y\n1,x\n2,2\n3,1.0\n")
    data = {"train": "train.csv", "test": "test.csv", "validation": 0, "target": "y"}
    assert pl.load_dataset("files", **data).test.y.tolist() == [2, 1, 0]


@pytest.mark.parametrize(
    ("known", "message"),
    [("0 1 0 1", "test.csv, row 1 .*unknown class 'many'"), ("0.5 1.5 2.5 3.5", "test.csv: the targets must be num")],
)
def test_a_text_among_the_numbers_of_a_test_file(folder: Path, known: str, message: str) -> None:
    Path("train.csv").write_text("a,y\n" + "".join(f"{i},{y}\n" for i, y in enumerate(known.split())))
    Path("test.csv").write_text("a,y\n1,1\n2,many\n")
    with pytest.raises(pl.DataError, match=message):
        pl.load_dataset("files", train="train.csv", test="test.csv", validation=0, target="y")


def test_validation_in_a_file_of_its_own(folder: Path) -> None:
    splits = pl.load_dataset("files", train="pets.csv", validation="pets.csv", test=0, target="species")
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (3, 3, 0)


def test_unknown_class_in_the_test_file(folder: Path) -> None:
    Path("test.csv").write_text("a,b,species\n1,1,dog\n1,1,cow\n")
    with pytest.raises(pl.DataError, match=r"test.csv, row 1 .*unknown class 'cow'.*cat, dog"):
        pl.load_dataset("files", train="pets.csv", test="test.csv", target="species")


@pytest.mark.parametrize(
    ("classify", "values", "kind"),
    [(None, "0 1 1", "i"), (None, "0.5 1 1", "f"), (False, "0 1 1", "f"), (True, "0 1 1", "i")],
)
def test_labels_or_numbers(folder: Path, classify: bool | None, values: str, kind: str) -> None:
    Path("n.csv").write_text("a,y\n" + "".join(f"1,{value}\n" for value in values.split()))
    splits = pl.load_dataset("files", train="n.csv", target="y", classify=classify, test=0, validation=0)
    assert splits.train.y.dtype.kind == kind


def test_fractions_are_no_labels(folder: Path) -> None:
    Path("n.csv").write_text("a,y\n1,0.5\n1,1\n")
    with pytest.raises(pl.DataError, match=r"class labels must be whole numbers. Received: 0\.5"):
        pl.load_dataset("files", train="n.csv", target="y", classify=True, test=0, validation=0)


def test_names_of_classes_in_an_npz(folder: Path) -> None:
    np.savez("d.npz", x=np.zeros((4, 2)), y=np.array([0, 1, 0, 1]), classes=np.array(["no", "yes"]))
    assert pl.load_dataset("files", train="d.npz", test=0, validation=0).classes == ("no", "yes")


def test_a_model_remembers_the_names_of_its_columns(folder: Path) -> None:
    model = pl.build("logistic_regression", input_shape=(2,), outputs=2)
    data = pl.create("dataset", "files", train="pets.csv", target="species", validation=0, test=0)
    pl.Trainer(model).fit(data, verbose=False)
    assert model.runtime.metadata["features"] == ["a", "b"]


def test_a_missing_target_is_no_class(folder: Path) -> None:
    Path("gap.csv").write_text(CSV + "7,8, \n")
    with pytest.raises(pl.DataError, match=r"gap.csv, line 5, column 'species': the target is missing"):
        read_table("gap.csv", "species")


def test_a_small_file_cannot_ask_for_all_memory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez_compressed("a.npz", x=np.zeros((30, 40)))
    assert read_table("a.npz").x.shape == (30, 40)
    monkeypatch.setattr(tables, "MOST_UNPACKED", 5000)
    monkeypatch.setattr(tables, "MOST_EXPANSION", 10)
    with pytest.raises(pl.DataError, match=r"would take 9,728 in memory.*numpy\.savez"):
        read_table("a.npz")
    np.savez("a.npz", x=np.zeros((30, 40)))
    assert read_table("a.npz").x.shape == (30, 40)


@pytest.mark.parametrize("name", ["a.csv", "a.npy", "a.npz"])
def test_more_than_memory_is_refused_before_it_is_read(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = np.zeros((700, 400))
    np.savetxt("a.csv", x, fmt="%d", delimiter=",")
    np.save("a.npy", x)
    np.savez("a.npz", x=x)
    monkeypatch.setenv("PELLUCID_MEMORY", "0.001")
    with pytest.raises(pl.DataError, match=r"would take 0\.0 GiB of memory; .*Give fewer rows"):
        read_table(name)


@pytest.mark.parametrize("suffix", [".csv", ".npy", ".npz"])
def test_what_is_no_file_may_have_no_end(folder: Path, suffix: str) -> None:
    path = Path(f"endless{suffix}")
    path.symlink_to("/dev/zero")
    with pytest.raises(pl.DataError, match="is no file"):
        read_table(path)
    with pytest.raises(pl.DataError, match="There can be no file"):
        read_table(f"a\0{suffix}")


@pytest.mark.parametrize(
    "header",
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (-1, -8), }", "((((", 300 * "(" + 300 * ")",
     "{'descr': '|V0', 'fortran_order': False, 'shape': (8,), }",
     "{'descr': '<f4', 'fortran_order': 0, 'shape': (8,), }",
     f"{{'descr': '<f4', 'fortran_order': False, 'shape': (8, {40 * '1, '}), }}"],
)  # fmt: skip
def test_headers_that_no_array_has(folder: Path, header: str) -> None:
    Path("a.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(32))
    with pytest.raises(pl.DataError, match=r"a\.npy is no array in NumPy's format"):
        read_table("a.npy")


def test_a_table_of_a_million_columns_says_so(folder: Path) -> None:
    Path("a.csv").write_text(",".join(200_000 * "a") + "\n")
    with pytest.raises(pl.DataError, match="has 200,000 columns"):
        read_table("a.csv")
    Path("a.csv").write_text(",".join(5000 * "a") + "\n" + ",".join(5000 * "1") + "\n")
    with pytest.raises(pl.DataError, match="and 4,800 more") as caught:
        read_table("a.csv", "b")
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("name", ["x", "y"])
def test_a_single_number_is_no_table(folder: Path, name: str) -> None:
    np.savez("a.npz", **{"x": np.zeros((3, 2)), "y": np.arange(3), name: np.array(3)})
    with pytest.raises(pl.DataError, match=rf"{name} of a\.npz must have one row for each sample"):
        read_table("a.npz")
