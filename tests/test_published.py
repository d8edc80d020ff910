"""The published tables: results that are kept, and a README that agrees with them."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks" / "published"
sys.path.insert(0, str(FOLDER))

import common  # noqa: E402, the scripts are no package
import tables  # noqa: E402


def test_the_tables_in_the_readme_are_those_of_the_result_files():
    page = (FOLDER.parents[1] / "README.md").read_text()
    assert tables.TABLE.search(page)
    assert tables.with_tables(page) == page


def test_a_table_has_the_rows_of_its_recipes_and_the_published_ones():
    rows = [
        {
            "recipe": "wasserstein + r1",
            "data": data,
            "modes": m,
            "high_quality_share": s,
        }
        for data, m, s in [("ring", 8, 0.9), ("ring", 6, 0.8), ("grid", 25, 1.0)]
    ]
    table = tables.markdown(tables.ring_grid({"rows": rows}))
    assert "| wasserstein + r1 | 7.0 (6 to 8) | 85% | 25 | 100% | 2, 1 |" in table
    assert "| VEEGAN, published | 8 |  | 24.6 |  |  |" in table


def test_results_are_gone_on_with_row_by_row(tmp_path):
    path = tmp_path / "results.json"
    results = common.Results(path, {"steps": 3})
    results.add({"value": 1.5}, recipe="a", seed=0)
    results.add({"value": 2.5}, recipe="a", seed=1)
    again = common.Results(path, {"steps": 3})
    assert again.find(recipe="a", seed=1)["value"] == 2.5
    assert again.find(recipe="b", seed=1) is None
    again.add({"value": 3.5}, recipe="a", seed=1)
    rows = json.loads(path.read_text())["rows"]
    assert [row["value"] for row in rows] == [1.5, 3.5]
    assert all(row["command"].startswith("python ") for row in rows)
    with pytest.raises(SystemExit, match="another protocol"):
        common.Results(path, {"steps": 4})


@pytest.mark.slow
def test_a_script_runs_a_little_and_goes_on(tmp_path):
    out = tmp_path / "results.json"
    little = ["--seeds", "1", "--steps", "500", "--only", "hinge", "--out", str(out)]
    for _ in range(2):
        subprocess.run(
            [sys.executable, str(FOLDER / "ring_grid.py"), *little], check=True
        )
        rows = json.loads(out.read_text())["rows"]
        assert [(row["data"], row["seed"]) for row in rows] == [
            ("ring", 0),
            ("grid", 0),
        ]


def test_mnist_files_are_read_in_their_order(tmp_path):
    images = np.arange(3 * 28 * 28).reshape(3, 28, 28).astype("uint8")
    for part in ("train", "t10k"):
        header = bytes([0, 0, 8, 3]) + np.array(images.shape, ">u4").tobytes()
        path = tmp_path / f"{part}-images-idx3-ubyte.gz"
        path.write_bytes(gzip.compress(header + images.tobytes()))
        header = bytes([0, 0, 8, 1]) + np.array([3], ">u4").tobytes()
        path = tmp_path / f"{part}-labels-idx1-ubyte.gz"
        path.write_bytes(gzip.compress(header + bytes([7, 0, 4])))
    train, test = common.mnist(tmp_path)
    assert np.array_equal(train.images[..., 0], images)
    assert test.labels.tolist() == [7, 0, 4]
    with pytest.raises(SystemExit, match="Give the folder of MNIST's four files"):
        common.mnist(tmp_path / "nowhere")
