"""The forms in which a generator is written, and how close each must stay to it."""

import dataclasses

from keras_gan.export.errors import ExportError


@dataclasses.dataclass(frozen=True)
class Limits:
    """How far an artefact may be from its generator. `None` asks for nothing.

    Args:
        relative_error: Largest error over the largest output value, of any output.
        psnr_mean: Least mean peak signal-to-noise ratio of the pairs, in dB.
        psnr_p5: Least 5th percentile of it.
        ssim_mean: Least mean structural similarity of the pairs, for images.
        ssim_p5: Least 5th percentile of it.
        feature_distance: Largest paired feature distance: 0 for the same pictures, 1
            for pictures as far apart as those of two different inputs.
    """

    relative_error: float | None = None
    psnr_mean: float | None = None
    psnr_p5: float | None = None
    ssim_mean: float | None = None
    ssim_p5: float | None = None
    feature_distance: float | None = None


@dataclasses.dataclass(frozen=True)
class Mode:
    """One form of one format.

    Args:
        format: `"saved_model"`, `"tflite"` or `"onnx"`.
        name: What the exporters call it, such as `"int8"`.
        limits: How close it must stay to the generator, unless a user says otherwise.
        needs_calibration: Whether its ranges are measured on samples.
    """

    format: str
    name: str
    limits: Limits
    needs_calibration: bool = False

    @property
    def is_quantised(self) -> bool:
        """Whether it is judged by its pictures and not by its largest error."""
        return self.limits.relative_error is None

    @property
    def artefact_name(self) -> str:
        """Its name among the artefacts of a generator, such as `"tflite-int8"`."""
        if self.name == "float32":
            return self.format
        return f"{self.format}-{self.name.replace('_', '-')}"

    @property
    def file_name(self) -> str:
        """The name of its file or folder, such as `"generator-int8.tflite"`."""
        if self.format == "saved_model":
            return "saved_model"
        stem = self.artefact_name.replace(self.format, "generator", 1)
        return f"{stem}.{self.format}"


_EXACT = Limits(relative_error=1e-4)
_ROUNDED = Limits(relative_error=2e-2, psnr_p5=45.0)
_WEIGHTS_ONLY = Limits(
    psnr_mean=42.0, psnr_p5=40.0, ssim_mean=0.98, ssim_p5=0.97, feature_distance=0.02
)
_PRODUCTS = Limits(
    psnr_mean=35.0, psnr_p5=32.0, ssim_mean=0.97, ssim_p5=0.95, feature_distance=0.05
)
_INTEGER = Limits(
    psnr_mean=32.0, psnr_p5=30.0, ssim_mean=0.95, ssim_p5=0.9, feature_distance=0.05
)

SAVED_MODEL_MODES = {"float32": Mode("saved_model", "float32", _EXACT)}
TFLITE_MODES = {
    mode.name: mode
    for mode in (
        Mode("tflite", "float32", _EXACT),
        Mode("tflite", "float16", _ROUNDED),
        Mode("tflite", "dynamic", _PRODUCTS),
        Mode("tflite", "weight_only", _WEIGHTS_ONLY),
        Mode("tflite", "int8", _INTEGER, needs_calibration=True),
        Mode("tflite", "int8_io", _INTEGER, needs_calibration=True),
        Mode("tflite", "int16x8", _WEIGHTS_ONLY, needs_calibration=True),
    )
}
ONNX_MODES = {
    mode.name: mode
    for mode in (
        Mode("onnx", "float32", _EXACT),
        Mode("onnx", "float16", _ROUNDED),
        Mode("onnx", "dynamic", _PRODUCTS),
        Mode("onnx", "int8", _INTEGER, needs_calibration=True),
    )
}
MODES = {
    "saved_model": SAVED_MODEL_MODES,
    "tflite": TFLITE_MODES,
    "onnx": ONNX_MODES,
}
ARTEFACTS = {
    mode.artefact_name: mode for modes in MODES.values() for mode in modes.values()
}


def mode_named(format_name: str, name: str) -> Mode:
    """Return the mode of a format, by name.

    Args:
        format_name: `"saved_model"`, `"tflite"` or `"onnx"`.
        name: The name of one of its modes.
    """
    modes = MODES[format_name]
    if name not in modes:
        raise ExportError(
            f"`mode` must be one of {list(modes)}. Received: mode={name!r}"
        )
    return modes[name]
