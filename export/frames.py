"""Pictures one after another: from a folder, an animation or a video, and into one."""

import abc
import contextlib
import dataclasses
import fractions
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from keras_gan.export.errors import ExportError
from keras_gan.export.packages import require

PICTURES = {".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"}
ANIMATIONS = {".gif", ".webp"}
VIDEOS = {".avi": "mpeg4", ".m4v": "libx264", ".mkv": "libx264", ".mov": "libx264"}
VIDEOS |= {".mp4": "libx264", ".webm": "libvpx-vp9"}
FPS = 25.0


@dataclasses.dataclass(frozen=True)
class Frame:
    """One picture of a stream.

    Args:
        name: What to call it in a sentence and in a folder.
        pixels: uint8 array of shape `(height, width, 3)`.
    """

    name: str
    pixels: np.ndarray


@dataclasses.dataclass(frozen=True)
class FrameSource:
    """Where frames come from.

    Args:
        frames: The frames in order, each read when it is asked for.
        fps: Frames per second that the source wants to be shown at, if it says so.
    """

    frames: Iterator[Frame]
    fps: float | None


def read_frames(source: pathlib.Path) -> FrameSource:
    """Open a folder of pictures, a picture, an animation or a video.

    Args:
        source: The folder, whose pictures come in the order of their names with
            numbers counted, or the file.
    """
    if source.is_dir():
        return FrameSource(_folder(source), None)
    if not source.is_file():
        raise ExportError(
            "`source` must be a folder of pictures, an animation or a video. "
            f"Received: source={source}, where there is no such thing."
        )
    if source.suffix.lower() in VIDEOS:
        return _video(source)
    return _animation(source)


def _folder(folder: pathlib.Path) -> Iterator[Frame]:
    files = [file for file in folder.iterdir() if file.suffix.lower() in PICTURES]
    if not files:
        raise ExportError(
            f"`source` has no pictures ({', '.join(sorted(PICTURES))}). "
            f"Received: source={folder}"
        )
    for file in sorted(files, key=_counted):
        with _named(file.name), require("PIL.Image").open(file) as image:
            upright = require("PIL.ImageOps").exif_transpose(image)
            frame = Frame(file.stem, np.asarray(upright.convert("RGB")))
        yield frame


def _counted(file: pathlib.Path) -> list[Any]:
    parts = re.split(r"(\d+)", file.name)
    return [(int(p), "") if p.isdigit() else (-1, p) for p in parts]


def _animation(file: pathlib.Path) -> FrameSource:
    with _named(file.name):
        image = require("PIL.Image").open(file)
        duration = image.info.get("duration")
    return FrameSource(_parts(image, file), 1000 / duration if duration else None)


def _parts(image: Any, file: pathlib.Path) -> Iterator[Frame]:
    with image:
        for index in range(getattr(image, "n_frames", 1)):
            name = f"{file.stem}-{index:05d}"
            with _named(name):
                image.seek(index)
                frame = Frame(name, np.asarray(image.convert("RGB")))
            yield frame


def _video(file: pathlib.Path) -> FrameSource:
    with _named(file.name):
        container = _av().open(str(file))
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
    rate = stream.average_rate
    return FrameSource(_pictures(container, file), float(rate) if rate else None)


def _pictures(container: Any, file: pathlib.Path) -> Iterator[Frame]:
    with container:
        pictures, index = container.decode(video=0), 0
        while True:
            name = f"{file.stem}-{index:05d}"
            with _named(name):
                picture = next(pictures, None)
                pixels = picture and picture.to_ndarray(format="rgb24")
            if pixels is None:
                return
            yield Frame(name, pixels)
            index += 1


@contextlib.contextmanager
def _named(name: str) -> Iterator[None]:
    """Say which frame it was that cannot be read."""
    try:
        yield
    except (ImportError, ExportError):
        raise
    except Exception as error:
        raise ExportError(
            f"Frame `{name}` cannot be read: {type(error).__name__}: {error}. "
            "Remove it from the source, or write it again."
        ) from error


def _av() -> Any:
    try:
        return require("av")
    except ImportError as error:
        raise ImportError(
            f"Videos need PyAV: {error} Run `pip install keras-gan[video]`."
        ) from error


class FrameWriter(abc.ABC):
    """Takes frames and writes them; closing it finishes what it wrote.

    Args:
        path: Where to write.
        fps: Frames per second.
    """

    def __init__(self, path: pathlib.Path, fps: float):
        self.path, self.fps = path, fps

    @abc.abstractmethod
    def write(self, frame: Frame) -> None:
        """Take the next frame."""

    @abc.abstractmethod
    def close(self) -> None:
        """Finish what was written."""


class NoWriter(FrameWriter):
    """Takes frames and forgets them, to measure."""

    def write(self, frame):
        pass

    def close(self):
        pass


class FolderWriter(FrameWriter):
    """Writes each frame as a PNG under its name."""

    def __init__(self, path, fps):
        super().__init__(path, fps)
        path.mkdir()

    def write(self, frame):
        picture = require("PIL.Image").fromarray(frame.pixels)
        picture.save(self.path / f"{frame.name}.png", compress_level=1)

    def close(self):
        pass


class AnimationWriter(FrameWriter):
    """Writes an endless GIF or WebP; the frames are kept until it is closed."""

    def __init__(self, path, fps):
        super().__init__(path, fps)
        self._frames: list[Any] = []

    def write(self, frame):
        self._frames.append(require("PIL.Image").fromarray(frame.pixels))

    def close(self):
        first, *rest = self._frames
        duration = round(1000 / self.fps)
        first.save(
            self.path, save_all=True, append_images=rest, duration=duration, loop=0
        )


class VideoWriter(FrameWriter):
    """Writes a video with PyAV, without sound."""

    def __init__(self, path, fps):
        super().__init__(path, fps)
        self._container = _av().open(str(path), "w")
        self._stream: Any = None

    def write(self, frame):
        stream = self._stream or self._started(*frame.pixels.shape[:2])
        picture = _av().VideoFrame.from_ndarray(frame.pixels, format="rgb24")
        self._container.mux(stream.encode(picture))

    def _started(self, height, width):
        rate = fractions.Fraction(self.fps).limit_denominator(1001)
        codec = VIDEOS[self.path.suffix.lower()]
        self._stream = self._container.add_stream(codec, rate=rate)
        self._stream.height, self._stream.width = height, width
        # Colours at half the size, as all players want them, need even sides.
        is_even = height % 2 == 0 and width % 2 == 0
        self._stream.pix_fmt = "yuv420p" if is_even else "yuv444p"
        return self._stream

    def close(self):
        if self._stream is not None:
            self._container.mux(self._stream.encode())
        self._container.close()


def writer_class(destination: pathlib.Path | None) -> type[FrameWriter]:
    """Return what writes to a destination, by its suffix.

    Args:
        destination: A folder, an animation, a video, or `None` to write nothing.
    """
    if destination is None:
        return NoWriter
    suffix = destination.suffix.lower()
    if suffix in VIDEOS:
        return VideoWriter
    if suffix in ANIMATIONS:
        return AnimationWriter
    if suffix:
        raise ExportError(
            f"`destination` must be a folder, or end in one of "
            f"{sorted({*ANIMATIONS, *VIDEOS})}. Received: destination={destination}"
        )
    if destination.is_dir() and any(destination.iterdir()):
        raise ExportError(
            "`destination` is a folder with other things in it. "
            f"Received: destination={destination}. Name a new one."
        )
    return FolderWriter
