"""Errors of `keras_gan.export`.

ValueError
└── ExportError             the request cannot be met as it stands
    ├── UnsupportedOpError  the format or its runtime lacks an operation
    ├── UntrustedError      the artefact is a program that nobody vouched for
    └── ParityError         the artefact does not compute what the generator does
"""


class ExportError(ValueError):
    """The generator, the path or an option cannot be exported as given."""


class UnsupportedOpError(ExportError):
    """The format has no way to run an operation of the generator."""


class UntrustedError(ExportError):
    """The artefact is a program, and this process did not write it."""


class ParityError(ExportError):
    """The reloaded artefact disagrees with the Keras generator."""
