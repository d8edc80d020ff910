"""The packages that serving needs and exporting does not."""

from types import ModuleType

from keras_gan.export.packages import require


def require_serving(module: str) -> ModuleType:
    """Import a package of the extra `serving`.

    Args:
        module: Dotted name of the module.
    """
    try:
        return require(module)
    except ImportError as error:
        raise ImportError(
            f"Serving needs {module.partition('.')[0]}, which cannot be imported: "
            f"{error.__cause__}. Run `pip install keras-gan[serving]`."
        ) from error
