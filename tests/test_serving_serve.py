"""Which server is started, with which command, and how it is stopped."""

import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys

import pytest

from keras_gan.export import ExportError
from keras_gan.export.serving import configs, connect, serve
from tests.serving_pack import digits_pack

FAKE = """#!{python}
import json, pathlib, sys
arguments = sys.argv[1:]
if arguments == ["info"]:
    sys.exit({info})
files = [a.partition("=")[2] for a in arguments if a.startswith("--model_config_file")]
mounts = dict(a.split(":")[1::-1] for a in arguments if a.endswith(":ro"))
file = pathlib.Path(files[0])
file = pathlib.Path(mounts.get(str(file.parent), file.parent), file.name)
answer = {{"arguments": arguments, "config": file.read_text()}}
pathlib.Path({out!r}).write_text(json.dumps(answer))
sys.exit({status})
"""


@pytest.fixture
def folder():
    return digits_pack()[1]


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Puts a program on an otherwise empty path, which writes down how it is called."""
    place = tmp_path / "bin"
    place.mkdir()
    monkeypatch.setenv("PATH", str(place))
    out = tmp_path / "called.json"

    def put(name, status=0, info=0):
        text = FAKE.format(
            python=sys.executable, out=str(out), status=status, info=info
        )
        (place / name).write_text(text)
        (place / name).chmod(0o755)
        return lambda: json.loads(out.read_text())

    return put


def only_model(called):
    (model,) = configs.parsed_models(called["config"]).model_config_list.config
    return model


def test_the_real_server_is_started_where_it_is_installed(folder, programs):
    called = programs("tensorflow_model_server")
    programs("docker")
    log: list[str] = []
    serve(folder, rest_port=18501, grpc_port=18500, log=log.append)
    arguments = called()["arguments"]
    assert {"--port=18500", "--rest_api_port=18501", "--enable_batching=true"} <= {
        *arguments
    }
    assert "--enable_per_model_batching_parameters=true" in arguments
    model = only_model(called())
    assert (model.name, model.base_path) == ("digits", str(folder / "digits"))
    assert pathlib.Path(model.base_path).is_absolute()
    assert "all addresses" in log[0]


def test_docker_is_next_and_listens_where_it_was_told_to(folder, programs):
    called = programs("docker")
    serve(folder, rest_port=18501, grpc_port=18500, log=lambda line: None)
    arguments = called()["arguments"]
    assert arguments[:2] == ["run", "--rm"]
    assert "127.0.0.1:18501:8501" in arguments
    assert "127.0.0.1:18500:8500" in arguments
    assert f"{folder / 'digits'}:/models/digits:ro" in arguments
    assert only_model(called()).base_path == "/models/digits"


def test_a_single_model_can_be_served_from_its_own_folder(folder, programs):
    called = programs("docker")
    serve(folder / "digits", log=lambda line: None)
    assert f"{folder / 'digits'}:/models/digits:ro" in called()["arguments"]
    assert only_model(called()).name == "digits"


def test_a_server_that_fails_is_an_error(folder, programs):
    programs("tensorflow_model_server", status=3)
    with pytest.raises(
        ExportError, match="tensorflow_model_server ended with status 3"
    ):
        serve(folder, log=lambda line: None)


def test_a_docker_that_does_not_run_is_passed_over(folder, programs):
    programs("docker", info=1)
    with pytest.raises(ExportError, match="docker is not at hand"):
        serve(folder, server="docker", log=lambda line: None)
    with pytest.raises(ExportError, match="must be one of"):
        serve(folder, server="apache", log=lambda line: None)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_preview_says_so_answers_and_stops_at_a_signal(folder, number):
    program = (
        "from keras_gan.export.serving import serve\n"
        f"serve({str(folder)!r}, rest_port=0, grpc_port=0, server='preview', "
        "allow_untrusted=True)"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            lines = [process.stdout.readline() for _ in range(3)]
            assert "by a preview of TensorFlow Serving" in lines[0]
            assert "digits version 1 is served." in lines[1]
            for url in re.findall(r"\w+://[\d.:]+\d", lines[2]):
                with connect(url, model="digits") as client:
                    assert len(client.sample_png(range(3), labels=1)) == 3
            process.send_signal(number)
            rest, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0
    assert "Stopping." in rest and "is unloaded." in rest


@pytest.mark.slow
def test_a_signal_reaches_the_server_that_was_started(folder, tmp_path):
    place = tmp_path / "bin"
    place.mkdir()
    server = place / "tensorflow_model_server"
    server.write_text(
        "#!/bin/sh\nsleep 60 &\ntrap 'kill $!; echo bye; exit 0' TERM\necho up\nwait\n"
    )
    server.chmod(0o755)
    program = (
        "from keras_gan.export.serving import serve; "
        f"serve({str(folder)!r}, allow_untrusted=True)"
    )
    environment = {**os.environ, "PATH": f"{place}:{os.environ['PATH']}"}
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    ) as process:
        try:
            written = [line := process.stdout.readline()]
            while line and line.strip() != "up":
                written.append(line := process.stdout.readline())
            assert line, "".join(written)
            process.send_signal(signal.SIGTERM)
            assert process.stdout.readline().strip() == "bye"
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()


def test_the_command_is_told_as_it_can_be_typed(folder, programs):
    programs("docker")
    log: list[str] = []
    serve(folder, log=log.append)
    typed = shlex.split(log[-1].partition(": ")[2])
    assert typed[:3] == ["docker", "run", "--rm"]
