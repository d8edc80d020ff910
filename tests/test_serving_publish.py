"""Versions appear whole or not at all, and configurations are read before they are
written."""

import pathlib
import threading

import pytest

from keras_gan.export import ExportError
from keras_gan.export.serving import configs
from keras_gan.export.serving.publish import (
    checked_name,
    checked_version,
    publish,
    versions,
    workspace,
)
from keras_gan.export.serving.served_models import models_of

pytest.importorskip("tensorflow_serving", reason="extra: serving")


def fresh_model(place, content="model"):
    path = place / "saved_model"
    (path / "variables").mkdir(parents=True)
    (path / "saved_model.pb").write_text(content)
    return path


def published(folder, version=None, content="model"):
    with workspace(folder) as place:
        return publish(fresh_model(place, content), folder, version)


def test_versions_count_up_from_one_and_nothing_else_is_left(tmp_path):
    folder = tmp_path / "digits"
    paths = [published(folder) for _ in range(3)]
    assert [path.name for path in paths] == ["1", "2", "3"]
    assert sorted(child.name for child in folder.iterdir()) == ["1", "2", "3"]
    assert published(folder, 12).name == "12"
    assert published(folder).name == "13"
    assert (folder / "13" / "saved_model.pb").read_text() == "model"


def test_a_version_that_is_there_is_never_replaced(tmp_path):
    published(tmp_path, 2, "first")
    with pytest.raises(ExportError, match="Version 2 is there already"):
        published(tmp_path, 2, "second")
    assert (tmp_path / "2" / "saved_model.pb").read_text() == "first"
    assert [child.name for child in tmp_path.iterdir()] == ["2"]


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("v1", "skips every folder whose name is not a number"),
        ("001", "takes it for 1"),
        ("1.5", "not a number"),
        (" 7", "takes it for 7"),
        (True, "not a number"),
        (0, "run from 1"),
        (-3, "run from 1"),
        (2**63, "run from 1"),
    ],
)
def test_versions_that_servers_skip_or_mistake_are_refused(version, reason, tmp_path):
    with pytest.raises(ExportError, match=reason):
        checked_version(version, tmp_path)


def test_a_version_that_a_server_would_take_for_another_is_refused(tmp_path):
    for name in ("001", "v2", ".publish-x", "2.tmp"):
        (tmp_path / name).mkdir()
    assert versions(tmp_path) == {1: ["001"]}
    with pytest.raises(ExportError, match="Version 1 is there already, as .*001"):
        checked_version(1, tmp_path)
    assert checked_version("2", tmp_path) == 2
    assert published(tmp_path).name == "2"


@pytest.mark.parametrize("name", ["", "a/b", "a b", "../x", ".hidden", "a:b", "é"])
def test_names_that_addresses_cannot_carry_are_refused(name):
    with pytest.raises(ExportError, match="`name` becomes a folder"):
        checked_name(name)
    assert checked_name("digits-32.v2_x") == "digits-32.v2_x"


def test_a_version_is_on_the_disk_before_it_appears(tmp_path, monkeypatch):
    events = []
    original = {"fsync": "os.fsync", "rename": "os.rename"}
    for name in original:
        call = getattr(__import__("os"), name)

        def noted(*args, name=name, call=call):
            events.append((name, (tmp_path / "1").exists()))
            return call(*args)

        monkeypatch.setattr(f"os.{name}", noted)
    published(tmp_path)
    names = [name for name, _ in events]
    # The file, its two folders; the rename; the folder that shows it.
    assert names == ["fsync"] * 3 + ["rename", "fsync"]
    assert [seen for _, seen in events] == [False] * 4 + [True]


def test_exports_at_the_same_time_get_versions_of_their_own(tmp_path):
    paths: list[pathlib.Path] = []

    def run(number):
        paths.append(published(tmp_path, content=str(number)))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(int(path.name) for path in paths) == list(range(1, 9))
    assert len({(path / "saved_model.pb").read_text() for path in paths}) == 8


def test_a_failure_before_publishing_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), workspace(tmp_path) as place:
        fresh_model(place)
        raise RuntimeError("power cut")
    assert list(tmp_path.iterdir()) == []


def test_batching_parameters_allow_sizes_that_end_in_the_largest():
    parsed = configs.parsed_batching(configs.batching_parameters([1, 2, 6]))
    assert list(parsed.allowed_batch_sizes) == [1, 2, 6]
    assert parsed.max_batch_size.value == 6
    assert parsed.enable_large_batch_splitting.value
    for text in (
        "max_batch_size { value: 4 } allowed_batch_sizes: 2",
        "max_batch_size { value: 2 } allowed_batch_sizes: 2 allowed_batch_sizes: 1",
    ):
        with pytest.raises(ExportError, match="must increase and end in"):
            configs.parsed_batching(text)


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (configs.parsed_batching, "max_batch: 4"),
        (configs.parsed_batching, "max_batch_size: 4"),
        (configs.parsed_monitoring, "prometheus_config { enabled: true }"),
        (configs.parsed_models, "model_config_list { config { nam: 'x' } }"),
    ],
)
def test_what_a_server_could_not_read_is_refused(parse, text):
    with pytest.raises(ExportError, match="A server could not read this"):
        parse(text)


def test_a_model_is_added_and_the_others_keep_what_is_written_about_them():
    text = configs.models_config(["digits"])
    edited = text.replace(
        'model_platform: "tensorflow"',
        'model_platform: "tensorflow" version_labels { key: "stable" value: 3 }',
    )
    assert configs.models_config(["digits"], edited) == edited
    both = configs.parsed_models(configs.models_config(["faces"], edited))
    digits, faces = both.model_config_list.config
    assert dict(digits.version_labels) == {"stable": 3}
    assert faces.base_path == "/models/faces"
    assert configs.parsed_monitoring(configs.monitoring_config()).prometheus_config


@pytest.mark.parametrize("base_path", ["{outside}", "..", "/models/linked", "", "/"])
def test_a_pack_serves_no_folder_but_its_own(base_path, tmp_path):
    folder, outside = tmp_path / "pack", tmp_path / "outside"
    published(outside)
    published(folder / "digits")
    (folder / "linked").symlink_to(outside)
    text = configs.models_config(["digits"])
    config = folder / "models.config"
    config.write_text(text)
    ((_, place),) = models_of(folder)
    assert place == folder / "digits"
    given = base_path.format(outside=outside)
    config.write_text(text.replace("/models/digits", given))
    with pytest.raises(ExportError, match="lie in its folder. Received: 'digits' with"):
        models_of(folder)
