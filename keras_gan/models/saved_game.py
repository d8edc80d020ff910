"""A game as a file: its config, and the state that Keras does not save."""

import keras


class SavedGame(keras.Model):
    """What `.keras` files and checkpoints hold of a game.

    Attributes:
        generators: Names of the networks of one player, which are attributes.
        discriminators: Those of the other.
        frozen: Those that neither player moves, such as a judge of identity.
        memories: Names of layers, also attributes, in which the discriminators' turns
            keep something for later ones, such as pools of images. A turn whose update
            is left out leaves them as they were.
    """

    generators: tuple[str, ...] = ("generator",)
    discriminators: tuple[str, ...] = ("discriminator",)
    frozen: tuple[str, ...] = ()
    memories: tuple[str, ...] = ()

    @classmethod
    def roles(cls) -> tuple[str, ...]:
        """Names of all networks that a game is made of."""
        return cls.generators + cls.discriminators + cls.frozen

    def get_config(self) -> dict:
        return {
            **{
                role: keras.saving.serialize_keras_object(getattr(self, role))
                for role in self.roles()
            },
            "ema_momentum": self.ema_momentum,
            "seed": self.seed,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict, custom_objects=None):
        config = dict(config)
        for role in cls.roles():
            config[role] = keras.saving.deserialize_keras_object(
                config[role], custom_objects=custom_objects
            )
        return cls(**config)

    def _seed_states(self):
        # Dropout and its like draw from states that Keras itself does not save.
        weights = {id(weight) for weight in self.weights}
        return [
            variable
            for variable in self.variables
            if id(variable) not in weights and "seed_generator" in variable.path
        ]

    def save_own_variables(self, store):
        super().save_own_variables(store)
        for index, state in enumerate(self._seed_states()):
            store[f"seed_state_{index}"] = state.numpy()

    def load_own_variables(self, store):
        states = self._seed_states()
        saved = {key: store[key] for key in store.keys() if "seed_state" in key}
        if len(saved) != len(states):
            raise ValueError(
                f"The file holds {len(saved)} states of random layers, the model has "
                f"{len(states)}: it was saved from other networks."
            )
        super().load_own_variables(
            {key: store[key] for key in store.keys() if key not in saved}
        )
        for index, state in enumerate(states):
            state.assign(saved[f"seed_state_{index}"])
