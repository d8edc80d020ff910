"""Samples as pictures: grids, scatters of 2-D points, animations."""

from pathlib import Path

import numpy as np


def to_uint8(images: np.ndarray) -> np.ndarray:
    """Maps images from floats in [-1, 1] to uint8 in [0, 255], rounding."""
    return np.clip(np.rint((np.asarray(images) + 1.0) * 127.5), 0, 255).astype("uint8")


def grid(images: np.ndarray, columns: int | None = None) -> np.ndarray:
    """Lays images out in rows, with a black seam of one pixel.

    Args:
        images: Floats in [-1, 1] of shape `(num_images, height, width, channels)`.
            Of two channels the first is shown, of more than three the first three.
        columns: Images in a row; by default about as many as there are rows.

    Returns:
        A uint8 array of shape `(height, width, 3)`.
    """
    images = to_uint8(images)
    count, height, width, channels = images.shape
    images = images[..., :3] if channels >= 3 else np.repeat(images[..., :1], 3, -1)
    columns = columns or int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    canvas = np.zeros((rows * (height + 1) + 1, columns * (width + 1) + 1, 3), "uint8")
    for index, image in enumerate(images):
        top = 1 + index // columns * (height + 1)
        left = 1 + index % columns * (width + 1)
        canvas[top : top + height, left : left + width] = image
    return canvas


def scatter(points: np.ndarray, extent: float, size: int = 256) -> np.ndarray:
    """Draws the first two coordinates of points as a density on black.

    Args:
        points: Floats of shape `(num_points, num_features)`, two features or more.
        extent: The picture shows [-extent, extent] in both directions.
        size: Pixels a side.

    Returns:
        A uint8 array of shape `(size, size, 3)`.
    """
    span = [[-extent, extent], [-extent, extent]]
    counts, _, _ = np.histogram2d(points[:, 1], points[:, 0], bins=size, range=span)
    brightness = np.sqrt(counts[::-1] / max(counts.max(), 1.0))
    return np.repeat(np.rint(255 * brightness)[..., None], 3, -1).astype("uint8")


def curves(series: np.ndarray, columns: int | None = None, height: int = 48):
    """Draws time series as lines on black, a panel each, all to one scale.

    Args:
        series: Floats of shape `(num_series, length, channels)`; the first three
            channels are drawn, each in a colour of its own.
        columns: Panels in a row; by default about as many as there are rows.
        height: Pixels of a panel, which is twice as wide.

    Returns:
        A uint8 array of shape `(height, width, 3)`.
    """
    from PIL import Image, ImageDraw

    count, length, channels = series.shape
    columns = columns or int(np.ceil(np.sqrt(count)))
    rows, width = -(-count // columns), 2 * height
    canvas = Image.new("RGB", (columns * (width + 1) + 1, rows * (height + 1) + 1))
    pen = ImageDraw.Draw(canvas)
    largest = max(float(np.abs(series[..., :3]).max()), 1e-12)
    across = np.linspace(0, width - 1, length)
    down = (1.0 - series / largest) / 2.0 * (height - 1)
    colours = ("white", "orange", "deepskyblue")
    for index in range(count):
        left = 1 + index % columns * (width + 1)
        top = 1 + index // columns * (height + 1)
        pen.rectangle((left, top, left + width - 1, top + height - 1), "#202020")
        for channel in range(min(channels, 3)):
            line = np.stack([left + across, top + down[index, :, channel]], -1)
            pen.line([tuple(point) for point in line], colours[channel])
    return np.asarray(canvas)


def picture(
    samples: np.ndarray, columns: int | None = None, extent: float | None = None
) -> np.ndarray:
    """The picture of a batch of samples: images, time series, or vectors.

    Args:
        samples: See `grid`, `curves` and `scatter`.
        columns: Images or series in a row.
        extent: Largest coordinate that a scatter shows, by default that of the
            samples and a tenth more.
    """
    if samples.ndim == 4:
        return grid(samples, columns)
    if samples.ndim == 3:
        return curves(samples, columns)
    return scatter(samples, extent or 1.1 * float(np.abs(samples[:, :2]).max()))


def slerp(start: np.ndarray, end: np.ndarray, num_points: int) -> np.ndarray:
    """Points on the great circle from one latent to another, both included.

    Between two draws of a normal prior the straight line passes through lengths that
    the generator never sees; the arc does not (White, 2016, arXiv:1609.04468).

    Args:
        start: Latents of shape `(latent_dim,)`.
        end: Latents of the same shape.
        num_points: How many points.

    Returns:
        An array of shape `(num_points, latent_dim)`.
    """
    cosine = np.dot(start, end) / (np.linalg.norm(start) * np.linalg.norm(end))
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    if np.sin(angle) < 1e-6:
        return lerp(start, end, num_points)
    share = np.linspace(0.0, 1.0, num_points, dtype="float32")[:, None]
    weights = np.sin((1.0 - share) * angle), np.sin(share * angle)
    return ((weights[0] * start + weights[1] * end) / np.sin(angle)).astype("float32")


def lerp(start: np.ndarray, end: np.ndarray, num_points: int) -> np.ndarray:
    """Points on the straight line between two latents; see `slerp`."""
    share = np.linspace(0.0, 1.0, num_points, dtype="float32")[:, None]
    return (1.0 - share) * start + share * end


def walk(stops: np.ndarray, num_frames: int, straight: bool = False) -> np.ndarray:
    """Latents on the way along `stops`, `num_frames` from each to the next.

    Args:
        stops: Latents of shape `(num_stops, latent_dim)`.
        num_frames: Points from one stop to the next, both included.
        straight: Walk on lines and not on arcs. For a uniform prior, whose support
            is a cube that an arc leaves.

    Returns:
        An array of shape `((num_stops - 1) * num_frames, latent_dim)`.
    """
    pairs = zip(stops[:-1], stops[1:], strict=True)
    between = lerp if straight else slerp
    return np.concatenate([between(start, end, num_frames) for start, end in pairs])


def _as_pil(picture: np.ndarray, min_side: int):
    from PIL import Image

    image = Image.fromarray(picture)
    factor = max(1, -(-min_side // min(image.size)))
    return image.resize(
        (image.width * factor, image.height * factor), Image.Resampling.NEAREST
    )


def save_png(path, picture: np.ndarray, min_side: int = 384) -> Path:
    """Writes a PNG, enlarged by whole pixels to at least `min_side` on each side."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _as_pil(picture, min_side).save(path)
    return path


def save_gif(
    path, pictures: list[np.ndarray], duration_ms: int = 150, min_side: int = 256
) -> Path:
    """Writes an endless animation that rests on its last frame."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = [_as_pil(picture, min_side) for picture in pictures]
    durations = [duration_ms] * (len(frames) - 1) + [10 * duration_ms]
    frames[0].save(
        path, save_all=True, append_images=frames[1:], duration=durations, loop=0
    )
    return path


def save_film(path, frames: list[Path], duration_ms: int = 150) -> Path:
    """Writes the animation of pictures that lie in files of one size."""
    from PIL import Image

    return save_gif(path, [np.asarray(Image.open(f)) for f in frames], duration_ms)


def save_loss_plot(path, rows: list[dict]) -> Path:
    """Plots the losses of both players and the discriminator's beliefs.

    Args:
        path: The PNG to write.
        rows: One mapping an epoch, with the names of the logs.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    FigureCanvasAgg(figure)
    losses, beliefs = figure.subplots(2, 1, sharex=True)
    epochs = [int(row["epoch"]) + 1 for row in rows]
    for axis, names in (
        (losses, {"d_loss": "discriminator", "g_loss": "generator"}),
        (beliefs, {"real_probability": "D(x)", "fake_probability": "D(G(z))"}),
    ):
        for name, label in names.items():
            axis.plot(epochs, [float(row[name]) for row in rows], label=label)
        axis.legend()
        axis.grid(alpha=0.3)
    losses.set_ylabel("loss")
    beliefs.set_ylabel("belief of being real")
    beliefs.set_ylim(0, 1)
    beliefs.axhline(0.5, color="grey", linewidth=0.8)
    beliefs.set_xlabel("epoch")
    figure.savefig(path, dpi=100)
    return Path(path)
