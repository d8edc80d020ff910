"""What `export_serving` writes, and what it refuses."""

import pathlib
import re
import shutil
import sys

import pytest

from keras_gan.export import ExportError, ParityError
from keras_gan.export.prepare import prepared
from keras_gan.export.replay import MAX_WARM_UP_RECORDS, warm_up_requests
from keras_gan.export.serving import configs, export_serving, pack
from keras_gan.export.serving.warm_up import write_warm_up
from tests.serving_pack import digits_pack

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def exported():
    """A generator with labels, the pack that serves it, and its one version."""
    return digits_pack()


def test_the_pack_has_all_that_a_server_needs(exported):
    _, folder, path = exported
    assert path == folder / "digits" / "1"
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert files >= {
        "README.md",
        "batching.config",
        "compose.yaml",
        "digits/1/assets.extra/keras_gan.json",
        "digits/1/assets.extra/tf_serving_warmup_requests",
        "digits/1/batching_params.pbtxt",
        "digits/1/saved_model.pb",
        "digits/README.md",
        "models.config",
        "monitoring.config",
    }
    (model,) = configs.read(
        folder / "models.config", configs.parsed_models
    ).model_config_list.config
    assert (model.name, model.base_path) == ("digits", "/models/digits")
    batching = configs.read(path / "batching_params.pbtxt", configs.parsed_batching)
    assert list(batching.allowed_batch_sizes) == [1, 2, 4]
    monitoring = configs.read(folder / "monitoring.config", configs.parsed_monitoring)
    assert monitoring.prometheus_config.enable


def test_warm_up_asks_each_signature_at_each_batch_size(exported):
    asked = [
        (name, {len(value) for value in inputs.values()})
        for name, inputs in warm_up_requests(exported[2])
    ]
    signatures = ("serving_default", "sample", "sample_png")
    assert sorted(asked, key=str) == sorted(
        ((name, {size}) for size in (1, 2, 4) for name in signatures), key=str
    )


def test_more_warm_up_requests_than_a_server_takes_are_refused(exported, tmp_path):
    sizes = [1] * (MAX_WARM_UP_RECORDS // 3 + 1)
    with pytest.raises(ExportError, match="more than 1000 warm-up requests"):
        write_warm_up(prepared(exported[0]), tmp_path, "digits", sizes)
    assert list(tmp_path.iterdir()) == []


def test_the_compose_file_and_the_docker_line_start_the_server_alike(exported):
    _, folder, _ = exported
    compose = (folder / "compose.yaml").read_text()
    line = (folder / "README.md").read_text()
    flags = re.findall(r"--\w+=[\w./]+", compose)
    assert len(flags) == 6
    for flag in [*flags, "tensorflow/serving:2.21.0", "127.0.0.1:8501:8501"]:
        assert flag in line and flag in compose
    for flag in flags:
        if flag.startswith("--") and "/models/" in flag:
            assert (folder / pathlib.Path(flag.partition("=")[2]).name).is_file()


def test_a_failed_export_leaves_the_versions_as_they_are(exported, monkeypatch):
    generator, folder, _ = exported

    def copy(flat, path, **options):
        return shutil.copytree(exported[2], path)

    def fail(path):
        raise ParityError("replayed in vain")

    monkeypatch.setattr(pack, "export_saved_model", copy)
    monkeypatch.setattr(pack, "replay_warm_up", fail)
    before = sorted(folder.rglob("*"))
    with pytest.raises(ParityError, match="in vain"):
        export_serving(generator, folder, name="digits")
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "a/b"}, "`name`"),
        ({"version": "v1"}, "`version`"),
        ({"name": "digits", "version": 1}, "is there already"),
        ({"max_batch_size": 0}, "`max_batch_size`"),
    ],
)
def test_what_no_server_would_take_is_refused_before_any_work(
    exported, options, words, monkeypatch
):
    monkeypatch.setattr(pack, "export_saved_model", None)
    with pytest.raises(ExportError, match=words):
        export_serving(exported[0], exported[1], **options)


def test_without_the_extra_packages_the_message_names_them(exported, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_serving", None)
    for name in [
        name for name in sys.modules if name.startswith("tensorflow_serving.")
    ]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"pip install keras-gan\[serving\]"):
        export_serving(exported[0], exported[1])
