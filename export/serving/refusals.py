"""How a server says no: one code for gRPC, one status for HTTP."""

# As TensorFlow Serving maps them.
HTTP_STATUS = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "NOT_FOUND": 404,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}


class Refusal(Exception):
    """A request that is answered with an error.

    Args:
        code: Name of a gRPC status code.
        message: What is wrong with the request.
    """

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def http_status(self) -> int:
        return HTTP_STATUS.get(self.code, 500)


def invalid(message: str) -> Refusal:
    """Return the refusal of a request that is wrong in itself."""
    return Refusal("INVALID_ARGUMENT", message)
