"""Both clients against the preview server."""

import concurrent.futures
import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

import httpx
import numpy as np
import pytest
import tensorflow as tf

from keras_gan import pictures
from keras_gan.export import ExportError, GeneratorSpec
from keras_gan.export.serving import (
    GRPCClient,
    PreviewServer,
    RESTClient,
    connect,
    export_serving,
)
from tests.export_generators import image_to_image
from tests.serving_pack import digits_pack

# A server runs behind them.
pytestmark = pytest.mark.slow

PROTOCOLS = ("rest", "grpc")
LABELS = np.array([1, 2, 3, 4, 5], "int32")
MAX_BYTES = 50_000


@pytest.fixture(scope="module")
def exported():
    """A generator with labels, the pack that serves it, and its one version."""
    return digits_pack()


@pytest.fixture(scope="module")
def server(exported):
    with PreviewServer(
        exported[1],
        rest_port=0,
        grpc_port=0,
        poll_seconds=0.1,
        max_request_bytes=MAX_BYTES,
    ) as server:
        yield server


@pytest.fixture(params=PROTOCOLS)
def url(request, server):
    return server.rest_url if request.param == "rest" else server.grpc_url


@pytest.fixture
def client(url):
    with connect(url, model="digits") as client:
        yield client


def drawn(generator, batch_size=5, seed=3):
    return GeneratorSpec.of(generator).draw(batch_size, seed)


def images_of(files):
    return np.stack([tf.io.decode_png(file).numpy() for file in files])


def post(server, body, path="digits:predict", **options):
    content = body if isinstance(body, bytes) else json.dumps(body)
    return httpx.post(f"{server.rest_url}/v1/models/{path}", content=content, **options)


def test_a_prediction_is_that_of_keras(client, exported):
    inputs = drawn(exported[0])
    images = client.predict(inputs)
    assert (images.dtype, images.shape) == ("float32", (5, 4, 4, 1))
    np.testing.assert_allclose(images, exported[0](inputs), atol=1e-6)
    lists = {name: value.tolist() for name, value in inputs.items()}
    np.testing.assert_allclose(client.predict(lists), images, atol=1e-6)


def test_pictures_of_seeds_are_the_same_over_both_protocols(server):
    answers = []
    for url in (server.rest_url, server.grpc_url):
        with connect(url, model="digits") as client:
            answers.append(client.sample_png(range(5), labels=LABELS, truncation=0.5))
            images = client.sample(range(5), labels=LABELS, truncation=0.5)
    assert answers[0] == answers[1]
    np.testing.assert_array_equal(images_of(answers[0]), pictures.to_uint8(images))


def test_a_value_given_once_is_for_all_rows(client):
    once = client.sample([4, 5], labels=7)
    each = client.sample(np.array([4, 5]), labels=[7, 7], truncation=[1.0, 1.0])
    np.testing.assert_array_equal(once, each)
    np.testing.assert_allclose(client.sample(5, labels=7)[0], once[1], atol=1e-6)


def test_status_and_metadata_tell_what_is_served(client):
    assert client.status() == {1: "AVAILABLE"}
    signatures = client.metadata()
    assert set(signatures) == {"serving_default", "sample", "sample_png"}
    assert signatures["serving_default"] == {
        "inputs": {"latents": ("float32", (None, 16)), "labels": ("int32", (None,))},
        "outputs": {"images": ("float32", (None, 4, 4, 1))},
    }


def test_requests_at_the_same_time_get_their_own_rows(url, exported):
    inputs = drawn(exported[0], 96)
    images = np.asarray(exported[0](inputs))
    starts = np.cumsum([0] + [1, 2, 3] * 16)
    rows = [slice(*ends) for ends in zip(starts[:-1], starts[1:], strict=True)]
    requests = [{name: inputs[name][part] for name in inputs} for part in rows]
    with (
        connect(url, model="digits") as client,
        concurrent.futures.ThreadPoolExecutor(16) as pool,
    ):
        answers = list(pool.map(client.predict, requests))
    for answer, part in zip(answers, rows, strict=True):
        np.testing.assert_allclose(answer, images[part], atol=1e-6)


@pytest.mark.parametrize(
    ("options", "signature", "inputs", "words"),
    [
        ({"model": "nope"}, "serving_default", {}, "(404|NOT_FOUND).*no model"),
        ({"version": 9}, "serving_default", {}, "(404|NOT_FOUND).*version 9"),
        ({"label": "x"}, "serving_default", {}, '(400|INVALID).*no version label "x"'),
        ({}, "paint", {}, r"has the signatures \['sample', 'sample_png', 'serving"),
        ({}, "sample", {"seed": [1]}, r"(400|INVALID).*Missing: \['labels'"),
        ({}, "serving_default", {"latents": np.zeros((2, 9)), "labels": [1, 2]}, "9"),
        (
            {},
            "serving_default",
            {"latents": np.zeros((2, 16)), "labels": [1, 2, 3]},
            "(400|INVALID).*same number of rows",
        ),
    ],
)
def test_a_wrong_request_says_what_is_wrong(url, options, signature, inputs, words):
    options = {"model": "digits", **options}
    with (
        connect(url, **options) as client,
        pytest.raises(ExportError, match=words),
    ):
        client.predict(inputs, signature)


def test_truncation_of_a_generator_without_latents_to_truncate_is_not_swallowed(
    client, monkeypatch
):
    del client._definition("sample").inputs["truncation"]
    with pytest.raises(ExportError, match="no latents to truncate"):
        client.sample([1], labels=1, truncation=0.5)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "digits", b"", 200),
        ("GET", "digits/versions/1", b"", 200),
        ("GET", "digits/versions/1/metadata", b"", 200),
        ("GET", "digits/versions/7", b"", 404),
        ("GET", "digits/labels/stable", b"", 400),
        ("GET", "nope", b"", 404),
        ("GET", "nope/metadata", b"", 404),
        ("GET", "digits:predict", b"", 400),
        ("POST", "digits", b"{}", 400),
        ("DELETE", "digits", b"", 400),
        ("POST", "digits:paint", b"{}", 400),
        ("POST", "digits:classify", b"{}", 501),
        ("POST", "digits:predict", b"{", 400),
        ("POST", "digits:predict", b"{}", 400),
        ("POST", "digits:predict", b'{"signature_name": "paint", "inputs": 1}', 400),
        ("POST", "digits/versions/99999999999999999999:predict", b"{}", 400),
        ("POST", "nope:predict", b'{"inputs": 1}', 404),
        ("POST", "digits:predict", b"x" * (MAX_BYTES + 1), 413),
    ],
)
def test_every_answer_is_json_with_the_status_of_the_real_server(
    server, method, path, body, status
):
    url = f"{server.rest_url}/v1/models/{path}"
    answer = httpx.request(method, url, content=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["server"] == "keras-gan-preview"
    assert ("error" in answer.json()) == (status != 200)


def test_rows_are_answered_in_rows_and_columns_in_columns(server, exported):
    inputs = drawn(exported[0], 2)
    columns = {name: value.tolist() for name, value in inputs.items()}
    rows = [{name: columns[name][row] for name in columns} for row in range(2)]
    predictions = post(server, {"instances": rows}).json()["predictions"]
    outputs = post(server, {"inputs": columns}).json()["outputs"]
    np.testing.assert_allclose(predictions, outputs, atol=1e-6)
    np.testing.assert_allclose(outputs, exported[0](inputs), atol=1e-6)
    body = {"signature_name": "sample_png"}
    body["instances"] = [{"seed": 1, "labels": 2, "truncation": 1.0}]
    (prediction,) = post(server, body).json()["predictions"]
    assert list(prediction) == ["b64"]


def test_status_is_spelled_as_the_real_server_spells_it(server):
    answer = httpx.get(f"{server.rest_url}/v1/models/digits").json()
    status = {"error_code": "OK", "error_message": ""}
    assert answer == {
        "model_version_status": [
            {"version": "1", "state": "AVAILABLE", "status": status}
        ]
    }
    answer = httpx.get(f"{server.rest_url}/v1/models/digits/metadata").json()
    assert answer["model_spec"] == {
        "name": "digits",
        "version": "1",
        "signature_name": "",
    }
    signatures = answer["metadata"]["signature_def"]["signature_def"]
    assert signatures["sample"]["inputs"]["seed"]["dtype"] == "DT_INT64"


def test_a_body_without_a_length_is_limited_too(server):
    def chunks():
        for _ in range(30):
            yield b"x" * 10_000

    answer = httpx.post(f"{server.rest_url}/v1/models/digits:predict", content=chunks())
    assert answer.status_code == 413


def test_grpc_messages_are_limited_on_the_way_in_alone(server):
    with connect(server.grpc_url, model="digits") as client:
        inputs = {"latents": np.zeros((1000, 16)), "labels": np.zeros(1000)}
        with pytest.raises(ExportError, match="RESOURCE_EXHAUSTED"):
            client.predict(inputs)
        assert client.sample(range(1000), labels=0).nbytes > MAX_BYTES


def test_stored_defaults_answer_for_what_grpc_leaves_out(server):
    with connect(server.grpc_url, model="digits") as client:
        short = client.predict({"seed": [3], "labels": [1]}, "sample")
        np.testing.assert_array_equal(short, client.sample(3, labels=1))
        with pytest.raises(ExportError, match="left out counts one row"):
            client.predict({"seed": [3, 4], "labels": [1, 2]}, "sample")


def test_grpc_values_are_not_converted(server):
    from tensorflow_serving.apis import predict_pb2

    with connect(server.grpc_url, model="digits") as client:
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "digits"
        request.inputs["latents"].CopyFrom(tf.make_tensor_proto(np.zeros((1, 16))))
        request.inputs["labels"].CopyFrom(tf.make_tensor_proto([1]))
        with pytest.raises(ExportError, match="INVALID.*float32, and float64 was sent"):
            client._sent(client._prediction.Predict, request)


def test_an_output_filter_chooses_outputs(server):
    from tensorflow_serving.apis import predict_pb2

    request = predict_pb2.PredictRequest()
    request.model_spec.name = "digits"
    request.model_spec.signature_name = "sample"
    request.inputs["seed"].CopyFrom(tf.make_tensor_proto(np.array([1])))
    request.inputs["labels"].CopyFrom(tf.make_tensor_proto([1]))
    with connect(server.grpc_url, model="digits") as client:
        request.output_filter[:] = ["images"]
        answer = client._sent(client._prediction.Predict, request)
        assert list(answer.outputs) == ["images"]
        assert answer.model_spec.version.value == 1
        request.output_filter[:] = ["nothing"]
        with pytest.raises(ExportError, match="INVALID_ARGUMENT.*output filter"):
            client._sent(client._prediction.Predict, request)


@pytest.mark.parametrize("url", ["localhost:8501", "ftp://localhost", ""])
def test_an_address_without_a_protocol_is_refused(url):
    with pytest.raises(ExportError, match="must begin with http://"):
        connect(url, model="digits")


@pytest.mark.parametrize("kind", [RESTClient, GRPCClient])
def test_no_server_is_a_connection_error_that_says_how_to_start_one(kind):
    address = "http://127.0.0.1:9" if kind is RESTClient else "127.0.0.1:9"
    with kind(address, model="digits") as client:
        with pytest.raises(ConnectionError, match="keras-gan serve"):
            client.status()
    with pytest.raises(ExportError, match="by number or by label"):
        kind(address, model="digits", version=1, label="stable")


@pytest.mark.slow
def test_new_versions_take_over_and_broken_ones_do_not(exported, tmp_path):
    folder = tmp_path / "models"
    shutil.copytree(exported[1], folder)
    config = (folder / "models.config").read_text()
    labelled = config.replace('"tensorflow"', '"tensorflow" version_labels { %s }')
    (folder / "models.config").write_text(labelled % 'key: "old" value: 1')
    log: list[str] = []
    with PreviewServer(
        folder, rest_port=0, grpc_port=0, poll_seconds=0.05, log=log.append
    ) as server:
        client = connect(server.grpc_url, model="digits")
        old = connect(server.grpc_url, model="digits", label="old")
        assert old.status() == {1: "AVAILABLE"}
        shutil.copytree(folder / "digits" / "1", folder / "digits" / ".2")
        (folder / "digits" / ".2").rename(folder / "digits" / "2")
        wait_for(lambda: client.status() == {2: "AVAILABLE", 1: "END"})
        with pytest.raises(ExportError, match="NOT_FOUND"):
            old.metadata()
        (folder / "digits" / "3").mkdir()
        (folder / "digits" / "3" / "saved_model.pb").write_bytes(b"broken")
        wait_for(lambda: client.status().get(3) == "END")
        assert client.status()[2] == "AVAILABLE"
        assert client.sample(1, labels=1).shape == (1, 4, 4, 1)
        client.close(), old.close()
    assert any("version 3 cannot be loaded" in line for line in log)


def wait_for(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_folder_without_models_and_a_taken_port_are_refused(exported, server):
    with pytest.raises(ExportError, match="no model to serve"):
        PreviewServer(exported[2] / "variables")
    for option in ("rest_port", "grpc_port"):
        url = server.rest_url if option == "rest_port" else server.grpc_url
        ports = {"rest_port": 0, "grpc_port": 0, option: int(url.rpartition(":")[2])}
        with pytest.raises(ExportError, match="cannot listen on 127.0.0.1"):
            PreviewServer(exported[1], **ports).start()


def test_the_requests_of_the_readme_are_answered(exported, server, tmp_path):
    text = (exported[1] / "digits" / "README.md").read_text()
    snippets = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(snippets) == 2
    grpc_address = server.grpc_url.removeprefix("grpc://")
    for snippet in snippets:
        code = snippet.replace("http://localhost:8501", server.rest_url)
        code = code.replace("localhost:8500", grpc_address)
        code = code.replace("picture.png", str(tmp_path / "picture.png"))
        names: dict = {}
        exec(code, names)
    assert names["outputs"]["image_bytes"][0] == (tmp_path / "picture.png").read_bytes()
    (curl,) = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    command = curl.replace("http://localhost:8501", server.rest_url)
    answer = subprocess.run(["bash", "-c", command], capture_output=True, timeout=30)
    assert list(json.loads(answer.stdout)) == ["outputs"]


@pytest.mark.slow
def test_a_generator_with_free_sizes_is_served_request_by_request(tmp_path):
    generator = image_to_image()
    path = export_serving(generator, tmp_path, name="style")
    assert not (path / "batching_params.pbtxt").exists()
    images = {
        size: np.random.default_rng(size).uniform(-1, 1, (1, size, 8, 4))
        for size in (8, 9)
    }
    with (
        PreviewServer(tmp_path / "style", rest_port=0, grpc_port=0) as server,
        connect(server.grpc_url, model="style") as client,
        concurrent.futures.ThreadPoolExecutor(8) as pool,
    ):
        answers = list(pool.map(client.predict, [images[8], images[9]] * 4))
        pixels = np.zeros((8, 6, 4), "uint8")
        (file,) = client.restyle_png([tf.io.encode_png(pixels).numpy()])
    assert [len(answer[0]) for answer in answers] == [8, 9] * 4
    np.testing.assert_allclose(answers[1], generator(images[9]), atol=1e-5)
    assert tf.io.decode_png(file).shape == (8, 6, 3)


@pytest.mark.slow
def test_no_request_is_lost_under_load():
    script = pathlib.Path(__file__).parents[1] / "benchmarks" / "serving_load.py"
    command = [sys.executable, str(script)]
    command += ["--clients", "16", "--seconds", "6", "--width", "4"]
    result = subprocess.run(command, capture_output=True, timeout=600)
    report = json.loads(result.stdout)
    assert report["num_requests"] >= 16
    assert (report["num_lost"], report["failures"]) == (0, [])
    assert report["exit_status"] == 0
