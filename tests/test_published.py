"""The published tables: results that are kept, and a README that agrees with them."""

import gzip
import json
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

FOLDER = Path(__file__).parents[1] / "benchmarks" / "published"
sys.path[:0] = [str(FOLDER), str(FOLDER.parent)]

import common  # noqa: E402, the scripts are no package
import frechet  # noqa: E402
import games  # noqa: E402
import parzen_mnist  # noqa: E402
import stacked_mnist  # noqa: E402
import tables  # noqa: E402

from keras_gan import metrics  # noqa: E402


@pytest.mark.parametrize("path", tables.PAGES, ids=lambda path: path.stem)
def test_the_tables_of_a_page_are_those_of_the_result_files(path):
    page = path.read_text()
    assert path.name != "README.md" or tables.TABLE.search(page)
    assert tables.with_tables(page) == page


def test_every_example_that_measures_has_lines_in_the_table_of_games():
    kept = json.loads((tables.RESULTS / "games.json").read_text())["rows"]
    lines = tables.games_tables.overview({"rows": kept})[1:]
    for example in games.EXAMPLES:
        asked = f"python benchmarks/games.py {example}"
        own = [line for line in lines if line[-1].strip("`").split(" --")[0] == asked]
        assert own and all(len(line) == 6 for line in own), example


def test_the_command_of_a_game_names_folders_without_where_they_lie(tmp_path):
    for name in ("noto", "tfds"):
        (tmp_path / name).mkdir()
    given = f"--data {tmp_path}/noto --steps 20 --game acgan --data-dir {tmp_path}/tfds"
    shown = games.portable(given.split())
    assert shown == "--data noto --steps 20 --game acgan --data-dir tfds".split()
    assert games.variant(shown) == "--data noto --game acgan"
    assert games.variant(["--steps", "20"]) == ""


def test_modes_stand_by_loss_and_penalty_bold_where_every_seed_found_all():
    def row(recipe, data, modes, share=0.9):
        return {
            "recipe": recipe,
            "data": data,
            "modes": modes,
            "high_quality_share": share,
        }

    rows = [row("hinge", "ring", 8), row("hinge", "ring", 6)]
    rows += [row("hinge", "grid", 25, 0.8), row("hinge", "grid", 25, 0.9)]
    rows += [row("hinge + r1 + r2", "ring", 8), row("hinge + r1 + r2", "grid", 25)]
    # Half a recipe is no cell.
    rows += [row("wasserstein + dragan", "ring", 8)]
    table = tables.markdown(tables.ring_grid({"rows": rows})).splitlines()
    cells = "7 / 25, 90% / 85% |  | **8 / 25**, 90% / 90%"
    assert table[2] == f"| hinge | {cells} |  |  |  |  |"
    assert table[3] == "| wasserstein |" + "  |" * len(tables.PENALTIES)
    assert table[-1].startswith("| VEEGAN, published | 8 / 24.6 |")


def test_log_likelihoods_are_means_over_seeds_and_one_seed_has_the_papers_error():
    def row(recipe, value, copied):
        names = ("precision", "recall", "standard_error")
        shares = dict(zip(names, (0.75, 0.5, 1.9), strict=True))
        return {
            "recipe": recipe,
            "log_likelihood": value,
            "copied_share": copied,
            "held_out_copied_share": 0.34,
        } | shares

    rows = [row("ours", 230, 0.0), row("ours", 234, 0.02), row("train", 241.2, 1.0)]
    table = tables.markdown(tables.parzen_mnist({"rows": rows}))
    assert "| ours | 232 ± 2.8 | 1% (34%) | 75% | 50% | 2 |" in table
    assert "| train | 241 ± 1.9 | 100% (34%) | 75% | 50% | 1 |" in table
    assert "| Adversarial nets, published | 225 ± 2 |" in table


def test_modes_of_stacked_digits_are_those_of_the_last_count():
    rows = [
        {"seed": 0, "step": step, "modes": modes, "kl": 0.5}
        for step, modes in ((2000, 990), (1000, 700))
    ]
    table = tables.markdown(tables.stacked_mnist({"rows": rows}))
    assert "seed 0 | 990 | 0.50 | 2,000 |" in table and "700" not in table
    assert "| R3GAN, published | 1000 | 0.029 |  |" in table


def test_times_of_a_step_have_their_interval_or_say_how_few_they_are():
    def size(shape, hand_written):
        step = {"keras_gan": {"median": 62.6}}
        ratios = {"hand_written": hand_written}
        return {"image_shape": shape, "ms_per_step": step, "ratio_of_ours_to": ratios}

    sure = {"median": 1.1, "interval": [1.0, 1.204], "num_rounds": 9}
    few = {"median": 0.98, "interval": None, "num_rounds": 2}
    sizes = {"28": size([28, 28, 1], sure), "64": size([64, 64, 3], few)}
    table = tables.markdown(tables.train_step({"sizes": sizes})).splitlines()
    assert table[0] == "| `GAN.fit` over | 28x28x1 | 64x64x3 |"
    assert table[2].endswith("| 1.10 (1.00 to 1.20) | 0.98, 2 rounds only |")
    assert table[3].endswith("|  |  |") and table[-1].endswith("| 63 | 63 |")


def test_times_to_quality_are_medians_with_their_ratio():
    def row(recipe, *seconds):
        reached = {
            times: {"wall": wall, "cpu": 2 * wall}
            for times, wall in zip(("10", "5"), seconds, strict=False)
        }
        return {"recipe": recipe, "reached": reached}

    rows = [row("keras_gan", 10, 30), row("keras_gan", 30, 50), row("keras_gan", 20)]
    rows += [row("keras_example", 100), row("keras_example", 90), row("keras_example")]
    table = tables.markdown(tables.time_to_quality({"rows": rows})).splitlines()
    assert table[2:] == [
        "| 10 times the floor, wall seconds | 20 | 100 | 5.0 | 3 |",
        "| 10 times the floor, cpu seconds | 40 | 200 | 5.0 | 3 |",
        "| 5 times the floor, wall seconds | 50 | not reached |  | 3 |",
        "| 5 times the floor, cpu seconds | 100 | not reached |  | 3 |",
    ]


def test_what_a_training_survives_is_counted_and_not_typed():
    crashes = {
        "part": "crashes",
        "scenarios": {"a": {}, "b": {}},
        "states": 2122,
        "recovered": 2121,
        "without_fsync": {"old": 3, "new": 4, "nothing": 2, "wrong": 1, "states": 10},
    }
    kills = {"kills": 100, "within_a_save": 37, "steps": 5000, "bits": 1024}
    rows = [
        {"part": "bad_input", "cases": 36, "named": 35},
        {"part": "long_run", "steps": 20_000, "memory_mib": 0.074, "open_files": 0},
        {"part": "kills", **kills, "differing_bits": 3},
        {"part": "mutants", "refused": 9999, "accepted": 1},
        crashes,
    ]
    rows = [{**row, "command": f"python a.py {row['part']}"} for row in rows]
    _, *lines = tables.reliability({"rows": rows})
    assert [(found, command) for _, found, command in lines] == [
        ("2,121 of 2,122 hold a whole checkpoint", "`python a.py crashes`"),
        ("3 of 10 are lost", "`python a.py crashes`"),
        ("9,999 refused, 1 accepted", "`python a.py mutants`"),
        ("3 of 1,024 bits differ after 5,000 steps", "`python a.py kills`"),
        ("+0.07 MiB of memory, +0 open files", "`python a.py long_run`"),
        ("35 of 36 raise a named error", "`python a.py bad_input`"),
    ]


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
    assert all(row["machine"]["cores"] for row in rows)
    with pytest.raises(SystemExit, match="another protocol"):
        common.Results(path, {"steps": 4})


def test_rows_of_another_machine_keep_it(tmp_path, monkeypatch):
    path = tmp_path / "results.json"
    for cores in (2, 64):
        monkeypatch.setattr(common, "machine", lambda cores=cores: {"cores": cores})
        common.Results(path, {}).add({}, seed=cores)
    content = json.loads(path.read_text())
    assert [row["machine"]["cores"] for row in content["rows"]] == [2, 64]
    assert set(content) == {"protocol", "versions", "rows"}


def test_a_command_is_kept_with_all_that_chooses_its_rows(monkeypatch):
    words = ["--mixtures", "ring", "--only", "hinge + r1 + r2", "--out", "a.json"]
    monkeypatch.setattr(sys, "argv", [str(FOLDER / "ring_grid.py"), *words])
    assert common.command() == (
        "python benchmarks/published/ring_grid.py --mixtures ring "
        "--only 'hinge + r1 + r2'"
    )


def test_a_game_of_another_protocol_is_not_gone_on_with(monkeypatch, tmp_path):
    path = parzen_mnist.checkpoint(tmp_path, 0)
    assert parzen_mnist.checkpoint(tmp_path, 0) == path
    assert parzen_mnist.checkpoint(tmp_path, 1) != path
    changed = parzen_mnist.RECIPE | {"epochs": 61}
    monkeypatch.setitem(parzen_mnist.PROTOCOL, "recipe", changed)
    assert parzen_mnist.checkpoint(tmp_path, 0) != path


def test_the_longer_average_is_that_of_adam(monkeypatch):
    monkeypatch.setitem(parzen_mnist.RECIPE, "ema_momentum", 0.5)
    images = np.random.default_rng(0).integers(0, 256, (200, 28, 28, 1), "uint8")
    game = parzen_mnist.new_game(images, seed=0)
    # Adam's starts where the first step led.
    expected = None
    batches = parzen_mnist.data.from_arrays(images, batch_size=100, seed=0)
    for _ in range(3):
        game.fit(batches, steps_per_epoch=1, verbose=0)
        now = [w.copy() for w in game.generator.get_weights()]
        pairs = zip(expected or now, now, strict=True)
        expected = [(old + new) / 2 for old, new in pairs]
    parzen_mnist.average_longer(game)
    for found, wanted in zip(game.ema_generator.get_weights(), expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-6)


class Steps:
    """A game that only counts its steps."""

    def __init__(self, done):
        self.step = tf.Variable(done)

    def fit(self, pipeline, steps_per_epoch, **kwargs):
        self.step.assign_add(steps_per_epoch)
        return types.SimpleNamespace(history={"d_loss": [0.5]})


def test_a_game_that_was_saved_and_not_counted_is_counted_when_it_goes_on(tmp_path):
    results = common.Results(tmp_path / "results.json", {})
    for _ in range(2):
        stacked_mnist.play(
            Steps(200),
            None,
            results,
            lambda: {"modes": 7, "kl": 0.1},
            None,
            seed=0,
            steps=400,
            every=100,
        )
        assert [row["step"] for row in results.rows] == [200, 300, 400]
    assert "d_loss" not in results.rows[0] and results.rows[1]["d_loss"] == 0.5


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


@pytest.mark.slow
def test_each_metric_is_measured_in_a_process_of_its_own(tmp_path):
    out = tmp_path / "results.json"
    sizes = "--images", "300", "--features", "16", "--out", str(out)
    script = str(FOLDER.parent / "metrics_memory.py")
    only = "frechet_distance", "FD in fit"
    subprocess.run([sys.executable, script, *sizes, "--only", *only], check=True)
    rows = json.loads(out.read_text())["rows"]
    assert [row["metric"] for row in rows] == list(only)
    real, fake = (frechet.draw_features(seed, 300, 16) for seed in (0, 1))
    expected = metrics.frechet_distance(real, fake)
    for row in rows:
        assert row["value"] == pytest.approx(expected, rel=1e-5)
        # TensorFlow alone takes more than a tenth.
        assert 0.1 < row["peak_gb"] < 4 and row["cpu_seconds"] >= 0
        assert row["command"].startswith("python benchmarks/metrics_memory.py --images")
    table = tables.metrics_memory({"rows": rows})
    assert [line[0] for line in table[1:]] == ["`frechet_distance`", "`FD in fit`"]
