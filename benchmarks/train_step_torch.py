"""The training step of PyTorch's DCGAN tutorial that `train_step.py` compares."""

import math
import time

import numpy as np
import torch
from torch import nn
from train_step_contenders import LATENT_DIM, WARM_UP

KERNEL = {"kernel_size": 5, "stride": 2, "padding": 2, "bias": False}


class TutorialStep:
    """The round of the tutorial: one pass of the generator, no average.

    Real and fake images go through the discriminator apart, each backwards at once;
    then the fakes through the discriminator as it is now. Unlike the tutorial's, the
    networks are ours, the loss takes logits, and the images lie in memory.
    """

    def __init__(self, pixels: np.ndarray, batch_size: int, width: int):
        torch.manual_seed(0)
        channels_first = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
        self.images = torch.from_numpy(channels_first)
        self.batch_size = batch_size
        channels, size = self.images.shape[1:3]
        num_stages = math.ceil(math.log2(size / 7))
        self.generator = make_generator(size, channels, width, num_stages)
        self.discriminator = make_discriminator(size, channels, width, num_stages)
        for network in (self.generator, self.discriminator):
            network.apply(initialize)
        self.d_optimizer = make_adam(self.discriminator)
        self.g_optimizer = make_adam(self.generator)
        self.criterion = nn.BCEWithLogitsLoss()

    def run(self, steps: int) -> float:
        self.logs = []
        for _ in range(WARM_UP):
            self.play()
        start = time.perf_counter()
        for _ in range(steps):
            self.logs.append(self.play())
        return time.perf_counter() - start

    def losses(self) -> dict[str, float]:
        d_loss, g_loss, *_ = np.mean(self.logs, axis=0).tolist()
        return {"d_loss": d_loss, "g_loss": g_loss}

    def num_parameters(self) -> dict[str, int]:
        return {
            role: sum(p.numel() for p in getattr(self, role).parameters())
            for role in ("generator", "discriminator")
        }

    def play(self) -> tuple[float, ...]:
        chosen = torch.randint(len(self.images), (self.batch_size,))
        real = self.images[chosen].float().div_(127.5).sub_(1.0)

        self.discriminator.zero_grad()
        labels = torch.ones(self.batch_size)
        logits = self.discriminator(real).view(-1)
        real_loss = self.criterion(logits, labels)
        real_loss.backward()
        real_mean = logits.mean().item()

        fakes = self.generator(torch.randn(self.batch_size, LATENT_DIM))
        logits = self.discriminator(fakes.detach()).view(-1)
        fake_loss = self.criterion(logits, labels.fill_(0.0))
        fake_loss.backward()
        fake_mean = logits.mean().item()
        d_loss = real_loss + fake_loss
        self.d_optimizer.step()

        self.generator.zero_grad()
        logits = self.discriminator(fakes).view(-1)
        g_loss = self.criterion(logits, labels.fill_(1.0))
        g_loss.backward()
        answer_mean = logits.mean().item()
        self.g_optimizer.step()
        return d_loss.item(), g_loss.item(), real_mean, fake_mean, answer_mean


def make_generator(size, channels, width, num_stages) -> nn.Module:
    side, filters = size // 2**num_stages, width * 2 ** (num_stages - 1)
    layers = [
        nn.Linear(LATENT_DIM, side * side * filters, bias=False),
        nn.BatchNorm1d(side * side * filters),
        nn.ReLU(True),
        nn.Unflatten(1, (filters, side, side)),
    ]
    for _ in range(num_stages - 1):
        layers += [
            nn.ConvTranspose2d(filters, filters // 2, output_padding=1, **KERNEL),
            nn.BatchNorm2d(filters // 2),
            nn.ReLU(True),
        ]
        filters //= 2
    last = nn.ConvTranspose2d(filters, channels, output_padding=1, **KERNEL)
    return nn.Sequential(*layers, last, nn.Tanh())


def make_discriminator(size, channels, width, num_stages) -> nn.Module:
    layers = []
    for stage in range(num_stages):
        filters = width * 2**stage
        layers.append(nn.Conv2d(channels, filters, **KERNEL))
        layers += [nn.BatchNorm2d(filters)] if stage > 0 else []
        layers.append(nn.LeakyReLU(0.2, inplace=True))
        channels = filters
    side = size // 2**num_stages
    to_logits = nn.Linear(side * side * channels, 1, bias=False)
    return nn.Sequential(*layers, nn.Flatten(), to_logits)


def initialize(module: nn.Module) -> None:
    if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
        nn.init.normal_(module.weight, 1.0, 0.02)
    elif hasattr(module, "weight"):
        nn.init.normal_(module.weight, 0.0, 0.02)


def make_adam(network: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.5, 0.999))
