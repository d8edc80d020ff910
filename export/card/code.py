"""Code that calls an artefact, in the languages that its format is used with."""

from keras_gan.export.card.in_cpp import cpp_code
from keras_gan.export.card.in_javascript import javascript_code
from keras_gan.export.card.in_kotlin import kotlin_code
from keras_gan.export.card.in_python import python_code
from keras_gan.export.card.in_swift import swift_code
from keras_gan.export.card.ports import Ports

# Names as Markdown fences spell them.
_LANGUAGES = {
    "python": python_code,
    "kotlin": kotlin_code,
    "swift": swift_code,
    "cpp": cpp_code,
    "javascript": javascript_code,
}


def code(ports: Ports, runs_in_browsers: bool = True) -> dict[str, str]:
    """Return code for an artefact by language.

    Args:
        ports: The artefact.
        runs_in_browsers: Whether to write JavaScript for it.

    Returns:
        Python for every format, JavaScript and C++ for ONNX, and all of them for
        TFLite. A language is missing where it has no type for an input or output.
    """
    written = {name: write(ports) for name, write in _LANGUAGES.items()}
    if not runs_in_browsers:
        del written["javascript"]
    return {name: text for name, text in written.items() if text}
