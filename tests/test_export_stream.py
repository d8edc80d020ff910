"""Streams: frames through an exported generator, in order, whole, and named."""

import sys

import keras
import numpy as np
import onnx
import pytest
import tensorflow as tf
from onnx import TensorProto, helper
from PIL import Image, ImageSequence

from keras_gan.export.errors import ExportError
from keras_gan.export.metadata import write_metadata
from keras_gan.export.samplers import Uniform
from keras_gan.export.spec import GeneratorInput, GeneratorOutput, GeneratorSpec
from keras_gan.export.stream import STAGES, stream_frames

FREE = ("batch", "height", "width")


def onnx_file(path, *nodes, given=(*FREE, 3), made=None):
    def value(name, shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    made = given if made is None else made
    graph = helper.make_graph(
        nodes, "generator", [value("image", given)], [value("generated", made)]
    )
    opset = helper.make_opsetid("", 17)
    onnx.save_model(helper.make_model(graph, opset_imports=[opset], ir_version=8), path)
    return path


def negated():
    return helper.make_node("Neg", ["image"], ["generated"])


@pytest.fixture(scope="module")
def negative(tmp_path_factory):
    """The generator that turns a picture into its negative, for all sizes."""
    return onnx_file(tmp_path_factory.mktemp("model") / "negative.onnx", negated())


@pytest.fixture(scope="module")
def negative_8x8(tmp_path_factory):
    """The same as a TFLite file for pictures of 8x8 pixels."""
    model = keras.Sequential(
        [keras.Input((8, 8, 3), 1), keras.layers.Conv2D(3, 1, use_bias=False)]
    )
    model.set_weights([-np.eye(3).reshape(1, 1, 3, 3)])
    path = tmp_path_factory.mktemp("model") / "negative.tflite"
    path.write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
    return path


def pictures(num_frames=3, size=(8, 8), seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (num_frames, *size, 3)).astype("uint8")


def folder_of(path, frames, names=None):
    path.mkdir()
    for index, frame in enumerate(frames):
        name = names[index] if names else f"frame{index}"
        Image.fromarray(frame).save(path / f"{name}.png")
    return path


def grey_levels(*levels, size=(8, 8)):
    return np.stack([np.full((*size, 3), level, "uint8") for level in levels])


def means_of(path):
    with Image.open(path) as film:
        frames = ImageSequence.Iterator(film)
        return [round(np.asarray(frame.convert("RGB")).mean()) for frame in frames]


@pytest.mark.parametrize("model", ["negative", "negative_8x8"])
def test_every_picture_of_a_folder_is_restyled_under_its_name(model, tmp_path, request):
    frames = pictures()
    source = folder_of(tmp_path / "in", frames)
    (source / "notes.txt").write_text("no picture")
    model_path = request.getfixturevalue(model)
    report = stream_frames(model_path, source, tmp_path / "out")
    assert [f.name for f in sorted((tmp_path / "out").iterdir())] == [
        f"frame{index}.png" for index in range(3)
    ]
    for index, frame in enumerate(frames):
        picture = np.asarray(Image.open(tmp_path / "out" / f"frame{index}.png"))
        np.testing.assert_array_equal(picture, 255 - frame)
    assert report.num_frames == 3 and report.input_size == report.output_size == (8, 8)


def test_two_negatives_are_the_picture(negative, tmp_path):
    source = folder_of(tmp_path / "in", pictures(2, (5, 9)))
    stream_frames(negative, source, tmp_path / "once")
    stream_frames(negative, tmp_path / "once", tmp_path / "twice")
    for file in source.iterdir():
        again = Image.open(tmp_path / "twice" / file.name)
        np.testing.assert_array_equal(again, Image.open(file))


def test_numbers_in_names_are_counted(negative, tmp_path):
    frames = grey_levels(200, 0, 100)
    source = folder_of(tmp_path / "in", frames, ["frame10", "frame1", "frame2"])
    stream_frames(negative, source, tmp_path / "film.gif")
    assert means_of(tmp_path / "film.gif") == [255, 155, 55]


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_an_animation_keeps_its_frames_and_its_speed(suffix, negative, tmp_path):
    first, *rest = map(Image.fromarray, grey_levels(0, 100, 200))
    first.save(tmp_path / "in.gif", save_all=True, append_images=rest, duration=80)
    report = stream_frames(negative, tmp_path / "in.gif", tmp_path / f"out{suffix}")
    levels = means_of(tmp_path / f"out{suffix}")
    np.testing.assert_allclose(levels, [255, 155, 55], atol=2)
    with Image.open(tmp_path / f"out{suffix}") as film:
        film.load()
        assert film.info["duration"] == 80
    assert report.num_frames == 3


@pytest.mark.parametrize(("suffix", "size"), [(".mp4", (32, 48)), (".mkv", (31, 33))])
def test_a_video_keeps_its_frames_and_its_speed(suffix, size, negative, tmp_path):
    source = folder_of(tmp_path / "in", grey_levels(*range(40, 220, 20), size=size))
    once, twice = tmp_path / f"once{suffix}", tmp_path / "twice"
    stream_frames(negative, source, once, fps=12)
    report = stream_frames(negative, once, tmp_path / f"again{suffix}")
    stream_frames(negative, once, twice)
    assert report.num_frames == 9 and report.input_size == size
    levels = [np.asarray(Image.open(f)).mean() for f in sorted(twice.iterdir())]
    np.testing.assert_allclose(levels, range(40, 220, 20), atol=4)
    av = sys.modules["av"]
    with av.open(str(tmp_path / f"again{suffix}")) as film:
        assert film.streams.video[0].average_rate == 12


def test_frames_are_resized_on_request(negative_8x8, negative, tmp_path):
    source = folder_of(tmp_path / "in", grey_levels(10, 20, size=(16, 12)))
    for number, model in enumerate((negative, negative_8x8)):
        report = stream_frames(model, source, tmp_path / f"out{number}", size=(8, 8))
        assert report.output_size == (8, 8)
        picture = Image.open(tmp_path / f"out{number}" / "frame1.png")
        np.testing.assert_array_equal(picture, grey_levels(235)[0])


def test_the_output_may_have_another_size_and_one_channel(tmp_path):
    grey = (*FREE, 1)
    twice = helper.make_node("Concat", ["image", "image"], ["generated"], axis=2)
    model = onnx_file(tmp_path / "wide.onnx", twice, given=grey)
    source = folder_of(tmp_path / "in", grey_levels(10, 20, size=(4, 6)))
    report = stream_frames(model, source, tmp_path / "out")
    assert (report.input_size, report.output_size) == ((4, 6), (4, 12))
    picture = Image.open(tmp_path / "out" / "frame1.png")
    np.testing.assert_array_equal(picture, grey_levels(20, size=(4, 12))[0])


def test_black_and_white_are_those_of_the_spec_in_the_file(tmp_path):
    one = helper.make_node("Constant", [], ["one"], value_float=1.0)
    less = helper.make_node("Sub", ["one", "image"], ["generated"])
    model = onnx_file(tmp_path / "from_0_to_1.onnx", one, less)
    shape = (None, None, None, 3)
    spec = GeneratorSpec(
        (GeneratorInput("image", shape, "float32", "image", Uniform(0.0, 1.0)),),
        (GeneratorOutput("generated", shape, "float32", "image", 0.0, 1.0, "NHWC"),),
        "negative",
    )
    write_metadata(model, {"spec": spec.to_json()})
    frames = pictures(1)
    stream_frames(model, folder_of(tmp_path / "in", frames), tmp_path / "out")
    picture = Image.open(tmp_path / "out" / "frame0.png")
    np.testing.assert_array_equal(picture, 255 - frames[0])


def test_without_a_destination_a_stream_is_only_measured(negative, tmp_path):
    source = folder_of(tmp_path / "in", pictures(4))
    report = stream_frames(negative, source, num_threads=1)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    assert report.frames_per_second > 0 and set(report.milliseconds) == set(STAGES)
    spent = sum(times["p50"] for times in report.milliseconds.values())
    assert 0 < spent * 2 < 4e3 / report.frames_per_second
    for times in report.milliseconds.values():
        assert 0 <= times["p50"] <= times["p95"]
    assert "4 frames" in str(report) and report.to_json()["num_threads"] == 1


@pytest.mark.parametrize(
    ("given", "made"),
    [((1, 16), (1, 8, 8, 3)), ((1, 8, 8, 3), (1, 16)), ((1, 8, 8, 2), (1, 8, 8, 3))],
)
def test_what_does_not_turn_pictures_into_pictures_is_refused(given, made, tmp_path):
    model = onnx_file(tmp_path / "other.onnx", negated(), given=given, made=made)
    source = folder_of(tmp_path / "in", pictures(1))
    with pytest.raises(ExportError, match="from one picture to one.*Received"):
        stream_frames(model, source, tmp_path / "out")


def test_another_size_than_the_file_takes_is_refused(negative_8x8, tmp_path):
    source = folder_of(tmp_path / "in", pictures(1, (16, 8)))
    with pytest.raises(ExportError, match="8x8.*Received: frame `frame0` of 16x8"):
        stream_frames(negative_8x8, source, tmp_path / "out")
    with pytest.raises(ExportError, match="Received: `size` of 4x4"):
        stream_frames(negative_8x8, source, tmp_path / "out", size=(4, 4))
    assert not (tmp_path / "out").exists()


def test_frames_of_two_sizes_go_into_a_folder_but_into_no_film(negative, tmp_path):
    source = folder_of(tmp_path / "in", pictures(1))
    Image.fromarray(pictures(1, (4, 4))[0]).save(source / "small.png")
    report = stream_frames(negative, source, tmp_path / "out")
    assert report.num_frames == 2
    with pytest.raises(ExportError, match="frame `small` of 4x4 after 8x8"):
        stream_frames(negative, source, tmp_path / "out.gif")
    assert not (tmp_path / "out.gif").exists()


def test_a_frame_that_cannot_be_read_is_named_and_nothing_is_left(negative, tmp_path):
    source = folder_of(tmp_path / "in", pictures(3))
    broken = source / "frame1.png"
    broken.write_bytes(broken.read_bytes()[:60])
    with pytest.raises(ExportError, match="Frame `frame1.png` cannot be read"):
        stream_frames(negative, source, tmp_path / "out")
    (tmp_path / "film.mp4").write_bytes(b"no film")
    with pytest.raises(ExportError, match="Frame `film.mp4` cannot be read"):
        stream_frames(negative, tmp_path / "film.mp4", tmp_path / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["film.mp4", "in"]


def test_an_old_film_stays_if_the_new_one_fails(negative, tmp_path):
    source = folder_of(tmp_path / "in", pictures(2))
    (source / "frame1.png").write_bytes(b"no picture")
    (tmp_path / "film.gif").write_bytes(b"old")
    with pytest.raises(ExportError):
        stream_frames(negative, source, tmp_path / "film.gif")
    assert (tmp_path / "film.gif").read_bytes() == b"old"


def test_sources_and_destinations_that_cannot_be_are_refused(negative, tmp_path):
    source = folder_of(tmp_path / "in", pictures(1))
    (tmp_path / "empty").mkdir()
    cases = [
        ((negative, tmp_path / "empty", None), "has no pictures"),
        ((negative, tmp_path / "missing", None), "there is no such thing"),
        ((negative, source, source), "other things in it"),
        ((negative, source, tmp_path / "out.txt"), "must be a folder, or end in"),
        ((tmp_path / "model.keras", source, None), "a .tflite or an .onnx file"),
    ]
    for arguments, message in cases:
        with pytest.raises(ExportError, match=message):
            stream_frames(*arguments)


def test_videos_without_pyav_say_what_to_install(negative, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    source = folder_of(tmp_path / "in", pictures(1))
    with pytest.raises(ImportError, match=r"pip install keras-gan\[video\]"):
        stream_frames(negative, source, tmp_path / "out.mp4")
