"""Spectral normalisation (Miyato et al., 2018, arXiv:1802.05957)."""

from typing import Any

import keras
from keras import layers, ops

TRANSPOSED_CONVOLUTIONS = (
    layers.Conv1DTranspose,
    layers.Conv2DTranspose,
    layers.Conv3DTranspose,
)


@keras.saving.register_keras_serializable(package="keras_gan")
class SpectralNormalization(layers.Wrapper):
    """Runs a layer with its weight divided by that weight's spectral norm.

    `W / sigma(W)`, with `sigma(W) = v W u^T` the largest singular value as power
    iteration finds it. It bounds the Lipschitz constant of a discriminator, and with
    it the gradients that the generator sees, at the price of a matrix-vector product.

    This is a reparametrisation: the raw `W` stays the trainable weight of the wrapped
    layer, the gradient flows through `sigma` (not through `u` and `v`), and a call
    with `training=True` differs from one without only in that it stores the new `u`.
    `keras.layers.SpectralNormalization` is a different algorithm, which overwrites
    `W` with `W / sigma(W)` on each training call.

    Reference: Miyato et al., 2018, "Spectral Normalization for Generative Adversarial
    Networks", arXiv:1802.05957, Algorithm 1.

    Args:
        layer: A layer that owns a `kernel` (dense, convolution, transposed
            convolution) or `embeddings`. The kernel counts as the matrix
            `(everything else, output channels)`.
        power_iterations: Number of power iterations per call.
        epsilon: Smallest norm that is divided by, so that a weight of zeros gives
            zeros.

    Returns:
        What the wrapped layer returns.

    Example:

    >>> layer = SpectralNormalization(keras.layers.Dense(3))
    >>> layer(keras.ops.ones((2, 4)), training=True).shape
    TensorShape([2, 3])
    """

    def __init__(
        self,
        layer: keras.Layer,
        power_iterations: int = 1,
        *,
        epsilon: float = 1e-6,
        **kwargs: Any,
    ):
        if isinstance(layer, keras.Layer):
            kwargs.setdefault("dtype", layer.dtype_policy)
        super().__init__(layer, **kwargs)
        if power_iterations < 1 or epsilon <= 0:
            raise ValueError(
                "`power_iterations` must be at least 1 and `epsilon` positive. "
                f"Received: power_iterations={power_iterations}, epsilon={epsilon}"
            )
        self.power_iterations = power_iterations
        self.epsilon = epsilon

    @property
    def kernel(self) -> keras.Variable:
        """The raw, trainable weight of the wrapped layer."""
        for name in ("kernel", "embeddings"):
            weight = getattr(self.layer, name, None)
            if isinstance(weight, keras.Variable) and len(weight.shape) > 1:
                return weight
        raise ValueError(
            "`SpectralNormalization` wraps a layer that owns a matrix `kernel` or "
            f"`embeddings`. Received: layer={self.layer}. Wrap the layers inside it "
            "one by one, or name its weight `kernel`."
        )

    def build(self, input_shape=None):
        super().build(input_shape)
        self.u = self.add_weight(
            shape=(self._to_matrix(self.kernel).shape[-1],),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            dtype=self._norm_dtype,
            trainable=False,
            autocast=False,
            name="u",
        )

    def call(self, inputs, training=False):
        kernel, u = self._normalized_kernel()
        if training:
            self.u.assign(u)
        others = [v for v in self.layer.variables if v is not self.kernel]
        state = [(self.kernel, kernel), *((v, v.value) for v in others)]
        scope = keras.StatelessScope(state_mapping=state, collect_losses=True)
        before = [scope.get_current_value(v) for v in others]
        with scope:
            outputs = self.layer(inputs)
        # The scope swallows what the wrapped layer wrote, so write it again.
        for variable, old in zip(others, before, strict=True):
            new = scope.get_current_value(variable)
            if new is not old:
                variable.assign(new)
        for loss in scope.losses:
            self.add_loss(loss)
        return outputs

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)

    def get_config(self):
        return {
            **super().get_config(),
            "power_iterations": self.power_iterations,
            "epsilon": self.epsilon,
        }

    @property
    def _norm_dtype(self):
        return keras.backend.result_type(self.variable_dtype, "float32")

    def _to_matrix(self, weight) -> Any:
        if isinstance(self.layer, TRANSPOSED_CONVOLUTIONS):
            weight = ops.swapaxes(weight, -1, -2)
        return ops.reshape(weight, (-1, weight.shape[-1]))

    def _normalized_kernel(self) -> Any:
        kernel = ops.cast(self.kernel, self._norm_dtype)
        matrix = self._to_matrix(kernel)
        constant = ops.stop_gradient(matrix)
        v, u = self._iterate(constant, self.u.value)
        for _ in range(self.power_iterations - 1):
            v, u = self._iterate(constant, u)
        sigma = ops.sum(ops.matmul(v, matrix) * u)
        return kernel / ops.maximum(sigma, self.epsilon), u

    def _iterate(self, matrix, u) -> Any:
        v, _ = self._unit(ops.matmul(matrix, u))
        unit, norm = self._unit(ops.matmul(v, matrix))
        # A `u` of zeros would stay zero for ever.
        return v, ops.where(norm > self.epsilon, unit, u)

    def _unit(self, vector) -> Any:
        norm = ops.sqrt(ops.sum(ops.square(vector)))
        return vector / ops.maximum(norm, self.epsilon), norm
