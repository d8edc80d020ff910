"""Since which release each runtime knows what a file asks for."""

# By operation: the first TensorFlow Lite with its version 1, 2, 3, ... `-` was never
# released.
_TFLITE = {
    "ABS": "1.13.0 2.4.0 2.5.0 2.6.0 2.12.0",
    "ADD": "1.5.0 1.14.0 2.4.0 2.6.0 2.13.0",
    "ADD_N": "1.14.0",
    "ARG_MAX": "1.9.0 1.14.0 2.9.0",
    "ARG_MIN": "1.9.0 1.14.0 2.9.0",
    "ATAN2": "2.10.0",
    "AVERAGE_POOL_2D": "1.5.0 1.14.0 2.3.0",
    "BATCH_MATMUL": "2.3.0 2.3.0 2.4.0 2.5.0",
    "BATCH_TO_SPACE_ND": "1.6.0 1.14.0 2.3.0 2.12.0",
    "BITCAST": "2.13.0",
    "BITWISE_XOR": "2.13.0",
    "BROADCAST_ARGS": "2.6.0",
    "BROADCAST_TO": "- 2.5.0 2.5.0",
    "CALL_ONCE": "2.5.0",
    "CAST": "1.5.0 2.7.0 2.8.0 2.9.0 2.12.0 2.15.0 2.17.0",
    "CEIL": "1.14.0",
    "CONCATENATION": "1.5.0 1.14.0 2.3.0 2.14.0",
    "CONV_2D": "1.5.0 1.14.0 1.14.0 2.3.0 2.4.0 2.9.0 2.11.0 2.15.0",
    "CONV_3D": "2.5.0",
    "CONV_3D_TRANSPOSE": "2.6.0",
    "COS": "1.14.0",
    "CUMSUM": "2.4.0",
    "DENSIFY": "2.2.0",
    "DEPTHWISE_CONV_2D": "1.5.0 1.12.0 1.14.0 2.2.0 2.3.0 2.3.0 2.11.0",
    "DEPTH_TO_SPACE": "2.1.0 2.5.0",
    "DEQUANTIZE": "1.13.1 1.14.0 1.15.0 2.2.0 2.7.0 2.18.0",
    "DIV": "1.6.0 2.3.0",
    "DYNAMIC_UPDATE_SLICE": "2.9.0 2.17.0 2.19.0 2.20.0",
    "ELU": "1.14.0",
    "EMBEDDING_LOOKUP": "1.13.0 1.14.0 1.14.0 2.18.0",
    "EQUAL": "1.14.0 1.14.0 2.3.0 2.13.0",
    "EXP": "1.7.0 2.12.0",
    "EXPAND_DIMS": "1.10.0",
    "FAKE_QUANT": "1.5.0 1.10.0",
    "FILL": "1.13.0 2.3.0 2.5.0 2.12.0",
    "FLOOR": "1.9.0",
    "FLOOR_DIV": "1.14.0 1.14.0 2.13.0",
    "FLOOR_MOD": "1.13.0 2.13.0",
    "FULLY_CONNECTED": "1.5.0 1.10.0 1.14.0 1.14.0 2.0.0 2.1.0 2.3.0 2.3.0 2.3.0 "
    "2.11.0 2.15.0 2.17.0 2.18.0",
    "GATHER": "1.6.0 1.14.0 1.15.0 2.4.0 2.5.0 2.13.0 2.15.0",
    "GATHER_ND": "1.14.0 2.3.0 2.5.0 2.13.0 2.16.0",
    "GELU": "2.9.0 2.9.0",
    "GREATER": "1.14.0 1.14.0",
    "GREATER_EQUAL": "1.14.0 1.14.0 2.13.0",
    "HARD_SWISH": "1.15.0",
    "IF": "1.15.0",
    "L2_NORMALIZATION": "1.5.0 1.14.0",
    "LEAKY_RELU": "1.13.1 2.3.0",
    "LESS": "1.14.0 1.14.0 2.13.0",
    "LESS_EQUAL": "1.14.0 1.14.0",
    "LOG": "1.14.0 2.15.0",
    "LOGICAL_AND": "1.11.0",
    "LOGICAL_NOT": "1.11.0",
    "LOGICAL_OR": "1.11.0",
    "LOGISTIC": "1.14.0 1.14.0 2.3.0",
    "LOG_SOFTMAX": "1.14.0 1.14.0",
    "LSTM": "1.7.0 1.10.0 1.14.0 2.3.0",
    "MAXIMUM": "1.14.0 1.14.0 2.3.0 2.3.0",
    "MAX_POOL_2D": "1.5.0 1.14.0 2.3.0",
    "MEAN": "1.6.0 1.14.0 2.4.0",
    "MINIMUM": "1.14.0 1.14.0 2.3.0 2.3.0",
    "MIRROR_PAD": "1.13.1 2.3.0 2.12.0",
    "MUL": "1.5.0 1.14.0 1.15.0 2.3.0 2.6.0 2.11.0 2.13.0",
    "MULTINOMIAL": "2.8.0",
    "NEG": "1.9.0",
    "NOT_EQUAL": "1.14.0 1.14.0 2.3.0",
    "ONE_HOT": "1.11.0",
    "PACK": "1.11.0 1.14.0 2.3.0 2.13.0",
    "PAD": "1.5.0 1.14.0 2.4.0 2.6.0",
    "PADV2": "1.9.0 1.14.0 2.4.0 2.6.0",
    "POW": "1.10.0",
    "PRELU": "1.8.0",
    "QUANTIZE": "1.14.0 1.15.0 2.7.0",
    "RANDOM_STANDARD_NORMAL": "2.8.0",
    "RANDOM_UNIFORM": "2.8.0",
    "RANGE": "1.13.0 2.14.0",
    "RANK": "1.14.0",
    "REDUCE_ALL": "2.6.0",
    "REDUCE_ANY": "1.11.0",
    "REDUCE_MAX": "1.11.0 1.14.0 2.5.0",
    "REDUCE_MIN": "1.11.0 1.14.0 2.5.0",
    "REDUCE_PROD": "1.11.0 2.6.0",
    "RELU": "1.5.0 2.1.0 2.5.0",
    "RELU6": "1.5.0 1.14.0 2.5.0",
    "RELU_0_TO_1": "2.10.0",
    "RELU_N1_TO_1": "1.5.0",
    "RESHAPE": "1.5.0",
    "RESIZE_BILINEAR": "1.7.0 1.14.0 2.2.0 2.5.0",
    "RESIZE_NEAREST_NEIGHBOR": "1.13.1 1.14.0 2.3.0 2.4.0",
    "REVERSE_V2": "1.14.0 2.2.0 2.5.0",
    "RIGHT_SHIFT": "2.13.0",
    "ROUND": "1.14.0",
    "RSQRT": "1.10.0 2.5.0 2.15.0",
    "SCATTER_ND": "2.1.0",
    "SELECT": "1.14.0 1.14.0 2.12.0 2.12.0",
    "SELECT_V2": "2.2.0 2.12.0",
    "SHAPE": "1.10.0",
    "SIGN": "2.11.0 2.12.0",
    "SIN": "1.9.0",
    "SLICE": "1.14.0 1.14.0 1.14.0 2.4.0 2.5.0 2.14.0",
    "SOFTMAX": "1.5.0 1.14.0 2.3.0",
    "SPACE_TO_BATCH_ND": "1.6.0 1.14.0 2.3.0 2.12.0",
    "SPACE_TO_DEPTH": "1.5.0 1.14.0",
    "SPLIT": "1.5.0 1.14.0 1.14.0 2.3.0",
    "SPLIT_V": "1.13.1 2.3.0",
    "SQRT": "1.10.0",
    "SQUARE": "1.12.0",
    "SQUARED_DIFFERENCE": "1.13.1 2.5.0",
    "SQUEEZE": "1.6.0 2.5.0",
    "STABLEHLO_COMPOSITE": "2.17.0",
    "STRIDED_SLICE": "1.6.0 1.14.0 2.1.0 2.2.0 2.5.0 2.6.0 2.14.0 2.14.0",
    "SUB": "1.6.0 1.14.0 2.3.0 2.4.0 2.4.0",
    "SUM": "1.10.0 1.15.0",
    "TANH": "1.14.0 1.14.0 2.3.0",
    "TILE": "1.10.1 2.2.0 2.8.0",
    "TOPK_V2": "1.7.0 1.14.0 2.13.0",
    "TRANSPOSE": "1.6.0 1.14.0 1.15.0 2.3.0 2.4.0 2.12.0 2.14.4",
    "TRANSPOSE_CONV": "1.9.0 2.2.0 2.3.0 2.13.0 2.15.0",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "1.13.1 1.14.0 2.3.0 2.12.0",
    "UNPACK": "1.11.0 1.14.0 2.2.0 2.3.0",
    "WHERE": "1.14.0 2.8.0",
    "WHILE": "1.15.0",
    "ZEROS_LIKE": "1.12.0",
}

# The newest opset and file version (IR) that an onnxruntime takes. From 1.15 on each
# was tried; the older ones are as the project publishes them.
_ONNXRUNTIME = (
    ("1.7.0", 13, 7),
    ("1.8.0", 14, 7),
    ("1.10.0", 15, 8),
    ("1.11.0", 16, 8),
    ("1.12.0", 17, 8),
    ("1.14.0", 18, 8),
    ("1.15.0", 19, 9),
    ("1.17.0", 20, 9),
    ("1.18.0", 21, 10),
    ("1.21.0", 22, 10),
    ("1.23.0", 23, 11),
)


def tflite_release(operation: str, version: int) -> str:
    """Return the first TensorFlow Lite that runs a version of an operation.

    Args:
        operation: Name of the builtin operation.
        version: Its version in the file.

    Returns:
        Such as `"2.13.0"`, empty if the table does not know it.
    """
    releases = _TFLITE.get(operation, "").split()
    known = 1 <= version <= len(releases) and releases[version - 1] != "-"
    return releases[version - 1] if known else ""


def onnxruntime_release(opset: int, ir_version: int) -> str:
    """Return the first onnxruntime that takes an opset in a file of a version.

    Args:
        opset: Version of the ONNX operations.
        ir_version: Version of the file format.

    Returns:
        Such as `"1.12.0"`, empty if it is newer than the table.
    """
    for release, newest_opset, newest_ir in _ONNXRUNTIME:
        if opset <= newest_opset and ir_version <= newest_ir:
            return release
    return ""


def as_numbers(version: str) -> tuple[int, ...]:
    """Return a version as numbers, which compare as versions do."""
    return tuple(int(part) for part in version.split("."))
