"""Published trainings by name: the data, the networks and the paper's numbers.

`keras-gan train --preset NAME` starts from one. Every setting can be overridden.
"""

from dataclasses import dataclass
from typing import Any

# Radford et al. (2015, arXiv:1511.06434), section 4: 64x64, batches of 128, Adam with
# 2e-4 and beta_1 0.5 (the recipe's), and a base of 4x4x1024, which is a width of 128.
_DCGAN = {"model": "dcgan", "image_size": 64, "batch_size": 128, "width": 128}


@dataclass(frozen=True)
class Preset:
    """A training that needs nothing more to be said.

    Attributes:
        paper: One line: what and where from.
        settings: Names and values of `Settings`.
    """

    paper: str
    settings: dict[str, Any]


PRESETS = {
    "celeb_a": Preset(
        "DCGAN's faces at 64x64 (Radford et al., 2015, arXiv:1511.06434), on CelebA",
        # The paper names no number of epochs; 25 is that of the Torch release.
        {**_DCGAN, "data": "celeb_a", "epochs": 25},
    ),
    "lsun_bedroom": Preset(
        "DCGAN's bedrooms at 64x64 (Radford et al., 2015), on LSUN",
        {**_DCGAN, "data": "lsun/bedroom", "epochs": 5},
    ),
}
