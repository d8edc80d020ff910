"""Files that appear whole or not at all."""

import os

import pytest

from keras_gan import files


def test_a_file_is_replaced_whole_after_it_is_on_the_disk(tmp_path, monkeypatch):
    path, calls = tmp_path / "a.json", []
    path.write_text("old")
    sync, replace = files.sync, os.replace

    def synced(place):
        calls.append(("sync", os.path.basename(place)))
        sync(place)

    def replaced(partial, target):
        calls.append(("replace", target.name, path.read_text()))
        replace(partial, target)

    monkeypatch.setattr(files, "sync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    files.write_text(path, "new ü")
    assert path.read_text(encoding="utf-8") == "new ü"
    assert calls == [
        ("sync", ".partial-a.json"),
        ("replace", "a.json", "old"),
        ("sync", tmp_path.name),
    ]


@pytest.mark.parametrize("error", [OSError("No space left"), KeyboardInterrupt()])
def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(type(error)), files.replacing(path) as partial:
        partial.write_bytes(b"half")
        raise error
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_brought_to_the_disk_with_all_that_is_in_it(tmp_path, monkeypatch):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    synced, sync = [], files.sync
    monkeypatch.setattr(files, "sync", lambda p: (synced.append(str(p)), sync(p)))
    files.sync_tree(tmp_path)
    expected = {tmp_path, tmp_path / "deep", tmp_path / "deep" / "a", tmp_path / "b"}
    assert {os.fspath(p) for p in expected} == set(synced)
    assert synced.index(str(tmp_path / "b")) < synced.index(str(tmp_path))


def test_a_link_shares_the_file_or_copies_it(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("a")
    files.link(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "a").samefile(tmp_path / "b")

    def refuse(*names):
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    files.link(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_text() == "a"
    assert not (tmp_path / "a").samefile(tmp_path / "b")
