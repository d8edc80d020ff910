"""Tensors in JSON, in rows and in columns, and what is refused."""

import base64
import json
import types

import numpy as np
import pytest
import tensorflow as tf

from keras_gan.export.serving.json_tensors import parsed_request, response
from keras_gan.export.serving.refusals import Refusal


def info(dtype):
    return types.SimpleNamespace(dtype=tf.as_dtype(dtype).as_datatype_enum)


TWO = {"x": info("float32"), "label": info("int32")}
ONE = {"x": info("float32")}
TEXT = {"file": info("string")}


def parse(body, infos):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return parsed_request(body, lambda signature: infos)


def test_rows_and_columns_are_two_ways_to_say_the_same():
    rows = [{"x": [1, 2.5], "label": 3}, {"x": [0, -1], "label": 4}]
    columns = {"x": [[1, 2.5], [0, -1]], "label": [3, 4]}
    by_row, by_column = parse({"instances": rows}, TWO), parse({"inputs": columns}, TWO)
    assert (by_row[2], by_column[2]) == (True, False)
    for name, dtype in (("x", "float32"), ("label", "int32")):
        np.testing.assert_array_equal(by_row[1][name], by_column[1][name])
        assert by_row[1][name].dtype == dtype


def test_a_single_input_needs_no_name():
    expected = [[1.0, 2.0], [3.0, 4.0]]
    for body in (
        {"instances": [[1, 2], [3, 4]]},
        {"instances": [{"x": [1, 2]}, {"x": [3, 4]}]},
        {"inputs": [[1, 2], [3, 4]]},
        {"inputs": {"x": [[1, 2], [3, 4]]}},
    ):
        assert parse(body, ONE)[1]["x"].tolist() == expected


def test_bytes_travel_as_base64_with_their_zeros():
    data = b"\x00PNG\x00\x00"
    encoded = {"b64": base64.b64encode(data).decode()}
    for body in ({"instances": [encoded, "é"]}, {"inputs": [encoded, "é"]}):
        assert parse(body, TEXT)[1]["file"].tolist() == [data, "é".encode()]
    written = json.loads(response({"image_bytes": np.array([data], "O")}, True))
    assert written == {"predictions": [encoded]}
    written = json.loads(response({"text": np.array([b"abc"], "O")}, False))
    assert written == {"outputs": ["abc"]}


def test_the_signature_is_asked_for_by_name():
    assert parse({"inputs": [[1, 2]]}, ONE)[0] == "serving_default"
    body = {"inputs": [[1, 2]], "signature_name": "sample"}
    assert parse(body, ONE)[0] == "sample"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "no JSON"),
        (b"{'inputs': 1}", "no JSON"),
        (b'{"inputs": [[1, 2]', "no JSON"),
        (b"[" * 100_000, "no JSON"),
        ([1], "must be a JSON object"),
        ({}, "either `instances`"),
        ({"inputs": [[1, 2]], "instances": [[1, 2]]}, "either `instances`"),
        ({"inputs": [[1, 2]], "signature_name": 3}, "`signature_name`"),
        ({"instances": []}, "with a row at least"),
        ({"instances": {"x": 1}}, "with a row at least"),
        ({"inputs": [["a", "b"]]}, "is float32. Received: 'a'"),
        ({"inputs": [[None, 1]]}, "is float32. Received: None"),
        ({"inputs": [[True, False]]}, "is float32. Received: True"),
        ({"inputs": [[1, 2], [3]]}, "rows of different sizes"),
        ({"inputs": {"y": [[1, 2]]}}, r"Missing: \['x'\]"),
        ({"instances": [{"y": [1, 2]}]}, r"exactly \['x'\]"),
        ({"instances": [{"x": [1, 2]}, [1, 2]]}, "in row 1"),
    ],
)
def test_what_is_no_request_is_refused_with_a_reason(body, words):
    with pytest.raises(Refusal, match=words) as caught:
        parse(body, ONE)
    assert caught.value.http_status == 400


@pytest.mark.parametrize("value", [1.5, 2**40, "1", True])
def test_integers_are_not_made_from_other_things(value):
    with pytest.raises(Refusal, match="int32"):
        parse({"inputs": {"x": [[1, 2]], "label": [value]}}, TWO)


@pytest.mark.parametrize("value", [{"b64": "?"}, {"b64": 3}, {"c": "x"}, 3])
def test_bytes_are_strings_or_base64(value):
    with pytest.raises(Refusal, match="base64|strings"):
        parse({"inputs": [value]}, TEXT)


def test_several_outputs_have_names_in_each_row():
    outputs = {"y": np.array([[1.0, 0.1]], "float32"), "n": np.array([7])}
    assert json.loads(response(outputs, True)) == {
        "predictions": [{"y": [1.0, 0.1], "n": 7}]
    }
    assert json.loads(response(outputs, False)) == {
        "outputs": {"y": [[1.0, 0.1]], "n": [7]}
    }
    with pytest.raises(Refusal, match="different batch sizes"):
        response({"y": np.zeros(2), "n": np.zeros(3)}, True)


def test_floats_keep_their_value_in_few_digits_and_a_point():
    rng = np.random.default_rng(0)
    values = np.concatenate(
        [rng.normal(size=200), [0.1, 1.0, 1e-30, 3e8, 1 / 3, -2.0]]
    ).astype("float32")
    text = response({"y": values}, False)
    back = np.array(json.loads(text)["outputs"], "float32")
    np.testing.assert_array_equal(back, values)
    assert " 0.1, 1.0, 1e-30, 3e+08, 0.333333343, -2.0]" in text
    special = response({"y": np.array([np.nan, np.inf, -np.inf], "float32")}, False)
    assert special == '{"outputs": [NaN, Infinity, -Infinity]}'
    exact = response({"y": np.array([1 / 3])}, False)
    assert json.loads(exact)["outputs"] == [1 / 3]
