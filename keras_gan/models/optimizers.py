"""Two optimizers where Keras expects one."""

import keras


def _default() -> keras.optimizers.Optimizer:
    return keras.optimizers.Adam(2e-4, beta_1=0.5)


def _computes_in_float16(network: keras.Model) -> bool:
    layers = [network, *network.layers]
    return any(layer.compute_dtype == "float16" for layer in layers)


def _resolve(optimizer, player: str, networks: list[keras.Model]):
    optimizer = _default() if optimizer is None else keras.optimizers.get(optimizer)
    variables = [v for network in networks for v in network.trainable_variables]
    if not variables:
        raise ValueError(
            f"The {player} has no trainable variables, so it could not learn. "
            "Received networks: "
            f"{', '.join(network.name for network in networks)}. Set their "
            "`trainable` to True before `compile`: each turn trains one player only, "
            "nothing needs to be frozen by hand."
        )
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    if inner.gradient_accumulation_steps:
        raise ValueError(
            "Gradients are accumulated within a round, for both players. Received: "
            f"an optimizer of the {player} with gradient_accumulation_steps="
            f"{inner.gradient_accumulation_steps}. Leave it out, and give "
            "`accumulation_steps` to `compile`."
        )
    scaled = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    if not scaled and any(_computes_in_float16(network) for network in networks):
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    if not optimizer.built:
        if not optimizer.name.startswith(player):
            optimizer.name = f"{player}_{optimizer.name}"
        optimizer.build(variables)
    return optimizer


def prepare_optimizers(**players) -> tuple:
    """Resolves, names, wraps for float16 and builds the optimizers of the players.

    An optimizer that is unbuilt when a file is loaded loses its moments, hence they
    are built here and not in the first step.

    Args:
        **players: Player to a pair of what the user gave and the player's networks.

    Returns:
        The optimizers, in the order of the players.

    Raises:
        ValueError: If both players share one optimizer, or one has nothing to train.
    """
    given = [optimizer for optimizer, _ in players.values() if optimizer is not None]
    objects = [x for x in given if isinstance(x, keras.optimizers.Optimizer)]
    if len({id(x) for x in objects}) < len(objects):
        raise ValueError(
            "Each player needs an optimizer of its own. Received the same object "
            f"for {' and '.join(players)}: {objects[0]!r}. Make two."
        )
    return tuple(
        _resolve(optimizer, player, networks)
        for player, (optimizer, networks) in players.items()
    )


class OptimizerPair:
    """Shows both optimizers to callbacks that look at `model.optimizer`.

    Keras' schedulers, plateau callback, EMA swap and TensorBoard iterate over
    `optimizers`; `BackupAndRestore` and `summary` ask for `built` and `variables`.
    """

    def __init__(self, *optimizers: keras.optimizers.Optimizer):
        self.optimizers = list(optimizers)

    @property
    def built(self) -> bool:
        return all(optimizer.built for optimizer in self.optimizers)

    @property
    def variables(self) -> list:
        return [v for optimizer in self.optimizers for v in optimizer.variables]

    def build(self, variables):
        # Each optimizer was built on its own player's variables.
        pass
