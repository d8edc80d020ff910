import json

import numpy as np
import onnx
import pytest

from keras_gan.export import ExportError, ParityError
from keras_gan.export.benchmark import benchmark
from keras_gan.export.card.report import write_report
from keras_gan.export.check import check
from tests.exported_card import ARTEFACT_NAMES, copied, small_export

# Each builds and runs whole exports.
pytestmark = pytest.mark.slow


def accept_the_files(folder):
    """Write the report anew, so that the hashes fit what is there."""
    report = json.loads((folder / "report.json").read_text())
    write_report(folder, {k: v for k, v in report.items() if k != "files"})


def test_an_export_is_found_as_it_was(tmp_path):
    found = check(copied(tmp_path))
    assert list(found.differences) == list(ARTEFACT_NAMES)
    assert found.differences["onnx"]["relative_error"] < 1e-4
    assert found.added == ()
    assert "tflite draws the pictures" in str(found)


def test_swapped_artefacts_are_both_named(tmp_path):
    folder = copied(tmp_path)
    names = ("generator.tflite", "generator-int8-io.tflite")
    contents = [(folder / name).read_bytes() for name in names]
    for name, content in zip(names, reversed(contents), strict=True):
        (folder / name).write_bytes(content)
    with pytest.raises(ExportError, match="changed: generator-int8-io.tflite, gen"):
        check(folder)


def test_a_truncated_file_is_named(tmp_path):
    folder = copied(tmp_path)
    path = folder / "generator.onnx"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ExportError, match="changed: generator.onnx"):
        check(folder)


def test_one_flipped_bit_in_the_variables_is_named(tmp_path):
    folder = copied(tmp_path)
    (path,) = (folder / "saved_model" / "variables").glob("*.data-*")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(
        ExportError, match=f"changed: saved_model/variables/{path.name}"
    ):
        check(folder)


def test_missing_files_are_all_named(tmp_path):
    folder = copied(tmp_path)
    (folder / "generator.onnx").unlink()
    (folder / "reference.npz").unlink()
    with pytest.raises(ExportError, match="missing: generator.onnx, reference.npz"):
        check(folder)


def test_a_file_put_into_an_artefact_is_refused(tmp_path):
    folder = copied(tmp_path)
    (folder / "saved_model" / "assets" / "extra.txt").write_text("words")
    with pytest.raises(ExportError, match="added: saved_model/assets/extra.txt"):
        check(folder)


def test_a_file_beside_the_artefacts_is_named(tmp_path):
    folder = copied(tmp_path)
    (folder / "notes.txt").write_text("words")
    found = check(folder)
    assert found.added == ("notes.txt",)
    assert "notes.txt is not of this export" in str(found)


def test_an_edited_report_is_refused(tmp_path):
    folder = copied(tmp_path)
    path = folder / "report.json"
    path.write_text(path.read_text().replace('"cores"', '"kernels"'))
    with pytest.raises(ExportError, match="changed after it was written"):
        check(folder)


def test_an_artefact_of_worse_pictures_is_caught_by_what_it_draws(tmp_path):
    folder = copied(tmp_path)
    quantised = (folder / "generator-int8-io.tflite").read_bytes()
    (folder / "generator.tflite").write_bytes(quantised)
    accept_the_files(folder)
    with pytest.raises(ParityError, match="tflite differs by .* 0.0001 is allowed"):
        check(folder)


def test_a_damaged_weight_is_caught_by_what_it_draws(tmp_path):
    folder = copied(tmp_path)
    model = onnx.load(str(folder / "generator.onnx"))
    weight = max(model.graph.initializer, key=lambda item: len(item.raw_data))
    values = np.frombuffer(weight.raw_data, "float32").copy()
    values[0] = np.nan
    weight.raw_data = values.tobytes()
    onnx.save(model, str(folder / "generator.onnx"))
    accept_the_files(folder)
    with pytest.raises(ParityError, match="onnx: output `images` holds NaN"):
        check(folder)


def test_a_renamed_output_is_caught(tmp_path):
    folder = copied(tmp_path)
    model = onnx.load(str(folder / "generator.onnx"))
    renamed = onnx.compose.add_prefix(model, "other_", rename_inputs=False)
    onnx.save(renamed, str(folder / "generator.onnx"))
    accept_the_files(folder)
    with pytest.raises(ParityError, match="onnx: .*other_images"):
        check(folder)


def test_every_artefact_that_fails_is_named(tmp_path):
    folder = copied(tmp_path)
    for name in ("generator.tflite", "generator.onnx"):
        (folder / name).write_bytes((folder / name).read_bytes()[:200])
    accept_the_files(folder)
    with pytest.raises(ParityError, match="tflite: .*onnx: "):
        check(folder)


def test_a_quantised_artefact_may_lose_no_more_than_one_db(tmp_path):
    folder = copied(tmp_path)
    report = json.loads((folder / "report.json").read_text())
    measures = report["artefacts"]["tflite-int8-io"]["reference"]
    before = measures["psnr_mean"]
    measures["psnr_mean"] = before + 0.9
    write_report(folder, report)
    check(folder)
    measures["psnr_mean"] = before + 1.1
    write_report(folder, report)
    with pytest.raises(ParityError, match="tflite-int8-io has a psnr_mean of"):
        check(folder)


def test_a_benchmark_is_written_beside_the_card_and_changes_nothing(tmp_path):
    folder = copied(tmp_path)
    before = (folder / "report.json").read_bytes()
    found = benchmark(folder, seconds=0.05, num_threads=1)
    assert (folder / "report.json").read_bytes() == before
    written = json.loads((folder / "benchmark.json").read_text())
    assert written == found.result
    assert list(written["speeds"]) == list(ARTEFACT_NAMES)
    assert written["speeds"]["onnx"]["num_threads"] == 1
    assert written["report_digest"] == small_export()[1]["digest"]
    assert check(folder).added == ()


def test_a_benchmark_prints_a_line_for_each_artefact(tmp_path):
    lines = str(benchmark(copied(tmp_path), seconds=0.05)).split("\n")
    assert "median ms" in lines[1]
    assert [line.split()[0] for line in lines[2:]] == list(ARTEFACT_NAMES)
    assert len({len(line) for line in lines[1:]}) == 1


def test_changed_files_are_not_measured(tmp_path):
    folder = copied(tmp_path)
    (folder / "generator.onnx").write_bytes(b"nothing")
    with pytest.raises(ExportError, match="changed: generator.onnx"):
        benchmark(folder)
    assert not (folder / "benchmark.json").exists()


@pytest.mark.parametrize("options", [{"seconds": 0}, {"num_threads": 0}])
def test_a_benchmark_needs_time_and_threads(tmp_path, options):
    with pytest.raises(ExportError, match="Received: seconds="):
        benchmark(tmp_path, **options)
