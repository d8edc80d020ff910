"""A stream of frames through an exported picture-to-picture generator."""

import contextlib
import dataclasses
import pathlib
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from keras_gan.export.artefact import Artefact, load_artefact
from keras_gan.export.errors import ExportError
from keras_gan.export.frames import FPS, Frame, FrameWriter, read_frames, writer_class
from keras_gan.export.metadata import read_metadata
from keras_gan.export.packages import require
from keras_gan.export.spec import GeneratorSpec
from keras_gan.export.staging import StrPath, staged

STAGES: tuple[str, ...] = ("decode", "run", "encode")
CHANNELS = {1: "L", 3: "RGB"}

Size = tuple[int, int]


@dataclasses.dataclass(frozen=True)
class StreamReport:
    """How fast a stream was.

    Args:
        num_frames: How many frames went through.
        frames_per_second: Frames over the whole time, with all that is around them.
        milliseconds: Median (`"p50"`) and 95th percentile (`"p95"`) of `"decode"`
            (reading and resizing), `"run"` (the generator) and `"encode"` (writing).
        input_size: Height and width of what the generator saw last.
        output_size: Height and width of what it made of that.
        runtime: What ran the generator.
        num_threads: Its threads; `None` if that was left to it.
    """

    num_frames: int
    frames_per_second: float
    milliseconds: dict[str, dict[str, float]]
    input_size: Size
    output_size: Size
    runtime: str
    num_threads: int | None

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return dataclasses.asdict(self)

    def __str__(self) -> str:
        stages = ", ".join(
            f"{stage} {times['p50']:.2f} ms (p95 {times['p95']:.2f})"
            for stage, times in self.milliseconds.items()
        )
        (height, width), (new_height, new_width) = self.input_size, self.output_size
        return (
            f"{self.num_frames} frames, {self.frames_per_second:.1f} a second: "
            f"{stages}; {width}x{height} to {new_width}x{new_height}, {self.runtime}"
        )


def stream_frames(
    model_path: StrPath,
    source: StrPath,
    destination: StrPath | None = None,
    *,
    size: Size | None = None,
    fps: float | None = None,
    num_threads: int | None = None,
) -> StreamReport:
    """Restyle frame after frame with an exported picture-to-picture generator.

    Frames are read when their turn comes, so that a video of any length goes through
    (the frames of an animation are kept until it is written). Videos need PyAV
    (`pip install keras-gan[video]`); their sound is left out.

    Args:
        model_path: A `.tflite` or `.onnx` file that takes one picture and returns one.
        source: A folder of pictures, an animation such as a GIF, or a video.
        destination: A new folder, an animation (`.gif`, `.webp`) or a video (`.mp4`,
            `.webm`, ...) to write; `None` only measures. A file is replaced.
        size: Height and width to resize the frames to; by default they stay as they
            are, and a file of a fixed size refuses others.
        fps: Frames per second of what is written; by default those of the source, or
            25.
        num_threads: Threads of the runtime; `None` leaves it to it.

    Returns:
        How fast it was.

    Example:

    ```python
    report = stream_frames("horse2zebra.tflite", "horses.mp4", "zebras.mp4")
    print(report.frames_per_second)
    ```
    """
    restyler = _Restyler(pathlib.Path(model_path), size, num_threads)
    frames = read_frames(pathlib.Path(source))
    path = None if destination is None else pathlib.Path(destination)
    clock = _Clock()
    with _written(path, fps or frames.fps or FPS) as writer:
        for frame in clock.timed(frames.frames):
            with clock.stage("decode"):
                pixels = restyler.prepared(frame)
            with clock.stage("run"):
                picture = restyler.run(pixels, frame)
            with clock.stage("encode"):
                writer.write(_checked_size(Frame(frame.name, picture), restyler, path))
            clock.next_frame()
        clock.check_frames(source)
    return clock.report(restyler, num_threads)


@contextlib.contextmanager
def _written(path: pathlib.Path | None, fps: float) -> Iterator[FrameWriter]:
    kind = writer_class(path)
    if path is None:
        yield kind(pathlib.Path(), fps)
        return
    with staged(path) as fresh:
        writer = kind(fresh, fps)
        yield writer
        writer.close()


class _Restyler:
    """The generator, from uint8 pictures to uint8 pictures."""

    def __init__(self, path: pathlib.Path, size: Size | None, num_threads: int | None):
        if path.suffix not in (".tflite", ".onnx"):
            raise ExportError(
                "Frames are streamed through a .tflite or an .onnx file. "
                f"Received: model_path={path}"
            )
        self.artefact: Artefact = load_artefact(path, num_threads)
        given, made = _shapes(path)
        _check_pictures(path, given, made)
        self.channels = given[0][3]
        self.fixed_size = (given[0][1], given[0][2])
        self.size = size
        self.input_range, self.output_range = _ranges(path)
        self.seen_size = self.made_size = (0, 0)
        self._check_fit(size, "`size`")

    def _check_fit(self, size: Size | None, what: str) -> None:
        pairs = zip(self.fixed_size, size or self.fixed_size, strict=True)
        if any(fixed is not None and fixed != given for fixed, given in pairs):
            raise ExportError(
                f"The generator takes pictures of {_sized(self.fixed_size)} (height x "
                f"width). Received: {what} of {_sized(size)}. Pass `size=` with the "
                "one it takes, or export it with a free height and width."
            )

    def prepared(self, frame: Frame) -> np.ndarray:
        image = require("PIL.Image").fromarray(frame.pixels)
        if self.size is not None and self.size != frame.pixels.shape[:2]:
            image = image.resize(self.size[::-1], require("PIL.Image").BILINEAR)
        pixels = np.asarray(image.convert(CHANNELS[self.channels]), "float32")
        self.seen_size = pixels.shape[:2]
        self._check_fit(self.seen_size, f"frame `{frame.name}`")
        low, high = self.input_range
        pixels = pixels.reshape(1, *self.seen_size, self.channels)
        return pixels * np.float32((high - low) / 255) + np.float32(low)

    def run(self, pixels: np.ndarray, frame: Frame) -> np.ndarray:
        try:
            picture = self.artefact(pixels)[0]
        except Exception as error:
            raise ExportError(
                f"{self.artefact.runtime} fails on frame `{frame.name}` of "
                f"{_sized(self.seen_size)}: {error} Pass `size=` with a size that the "
                "generator takes."
            ) from error
        low, high = self.output_range
        picture = (picture - low) * (255 / (high - low))
        picture = np.clip(np.rint(picture), 0, 255).astype("uint8")
        return np.repeat(picture, 3, -1) if picture.shape[-1] == 1 else picture


def _checked_size(
    frame: Frame, restyler: _Restyler, path: pathlib.Path | None
) -> Frame:
    size = frame.pixels.shape[:2]
    if path is not None and path.suffix and restyler.made_size not in ((0, 0), size):
        raise ExportError(
            "All frames of an animation or a video have one size. Received: frame "
            f"`{frame.name}` of {_sized(size)} after {_sized(restyler.made_size)}. "
            "Pass `size=`, or write into a folder."
        )
    restyler.made_size = size
    return frame


def _shapes(path: pathlib.Path) -> tuple[list[Any], list[Any]]:
    """Return the shapes of all inputs and outputs, `None` for a free size."""
    if path.suffix == ".tflite":
        litert = require("ai_edge_litert.interpreter")
        file = litert.Interpreter(model_path=str(path))
        sides = file.get_input_details(), file.get_output_details()
        given, made = [[list(d["shape_signature"]) for d in side] for side in sides]
    else:
        graph = require("onnx").load(str(path)).graph
        given, made = map(_onnx_shapes, (graph.input, graph.output))
    return (
        [[int(size) if size > 0 else None for size in shape] for shape in given],
        [[int(size) if size > 0 else None for size in shape] for shape in made],
    )


def _onnx_shapes(values: Any) -> list[list[int]]:
    return [[d.dim_value for d in v.type.tensor_type.shape.dim] for v in values]


def _check_pictures(path: pathlib.Path, given: list[Any], made: list[Any]) -> None:
    is_picture = [
        len(s) == 4 and s[3] in CHANNELS for side in (given, made) for s in side
    ]
    if is_picture != [True, True]:
        raise ExportError(
            "Frames are streamed through a generator from one picture to one, of 1 or "
            "3 channels each, shape (batch, height, width, channels). Received: "
            f"model_path={path} from {given} to {made}"
        )


def _ranges(path: pathlib.Path) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the values of black and white in the input and in the output."""
    metadata = read_metadata(path)
    if metadata is None:
        return (-1.0, 1.0), (-1.0, 1.0)
    spec = GeneratorSpec.from_json(metadata["spec"])
    source, made = spec.inputs[0].sampler, spec.outputs[0]
    return _ends(source.low, source.high), _ends(made.low, made.high)


def _ends(low: float | None, high: float | None) -> tuple[float, float]:
    return (-1.0, 1.0) if low is None or high is None else (low, high)


def _sized(size: Any) -> str:
    return "x".join("any" if side is None else str(side) for side in size)


class _Clock:
    """Times of the stages of each frame, in seconds."""

    def __init__(self):
        self._start = time.perf_counter()
        self._frames: list[dict[str, float]] = []
        self._frame = dict.fromkeys(STAGES, 0.0)

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self._frame[name] += time.perf_counter() - start

    def timed(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        while True:
            with self.stage("decode"):
                frame = next(frames, None)
            if frame is None:
                return
            yield frame

    def next_frame(self) -> None:
        self._frames.append(self._frame)
        self._frame = dict.fromkeys(STAGES, 0.0)

    def check_frames(self, source: StrPath) -> None:
        if not self._frames:
            raise ExportError(f"`source` has no frames. Received: source={source}")

    def report(self, restyler: _Restyler, num_threads: int | None) -> StreamReport:
        seconds = time.perf_counter() - self._start
        return StreamReport(
            num_frames=len(self._frames),
            frames_per_second=len(self._frames) / seconds,
            milliseconds={stage: self._percentiles(stage) for stage in STAGES},
            input_size=restyler.seen_size,
            output_size=restyler.made_size,
            runtime=restyler.artefact.runtime,
            num_threads=num_threads,
        )

    def _percentiles(self, stage: str) -> dict[str, float]:
        times = [1e3 * frame[stage] for frame in self._frames]
        low, high = np.percentile(times, [50, 95])
        return {"p50": float(low), "p95": float(high)}
