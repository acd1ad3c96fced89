"""The field of `fieldmesh-bench step` in PyTorch, as its users would write it well.

xyz with 6 bands of sines and cosines (39 inputs); 8 hidden layers with softplus(100), the encoding joined again before
layer 4; outputs: distance and `width` features; residuals of --rank on layers 1 to 7, whose weights are composed once
a frame; colour from the features by one more hidden layer."""
import math

import torch
import torch.nn.functional as F

BANDS, HIDDEN, JOINED = 6, 8, 4
ENCODED = 3 + 6 * BANDS


class Field(torch.nn.Module):
    def __init__(self, width, rank, frames):
        super().__init__()
        # (outputs, inputs) of each layer; the one before the join makes room for the encoding.
        self.shapes = [(width, ENCODED)]
        self.shapes += [(width - ENCODED if layer + 1 == JOINED else width, width) for layer in range(1, HIDDEN)]
        self.shapes.append((width + 1, width))
        self.weight = torch.nn.ParameterList(torch.randn(s) * math.sqrt(2 / s[0]) for s in self.shapes)
        self.bias = torch.nn.ParameterList(torch.zeros(s[0]) for s in self.shapes)
        residual = range(1, HIDDEN)
        self.basis = torch.nn.ParameterDict(
            {str(layer): 0.01 * torch.randn(rank, math.prod(self.shapes[layer])) for layer in residual})
        self.coefficients = torch.nn.ParameterDict(
            {str(layer): 0.01 * torch.randn(frames, rank) for layer in residual})
        self.color = torch.nn.Sequential(
            torch.nn.Linear(width, width), torch.nn.ReLU(), torch.nn.Linear(width, 3), torch.nn.Sigmoid())
        self.register_buffer("frequencies", math.pi * 2.0 ** torch.arange(BANDS))

    def composed(self, frame):
        """The weights of every layer at a frame."""
        weights = list(self.weight)
        for name, basis in self.basis.items():
            layer = int(name)
            weights[layer] = weights[layer] + (self.coefficients[name][frame] @ basis).view(self.shapes[layer])
        return weights

    def distance(self, x, weights):
        """Distances [n] and features [n, width] of points [n, 3]."""
        angles = (x[:, None, :] * self.frequencies[:, None]).flatten(1)
        encoded = torch.cat([x, angles.sin(), angles.cos()], dim=-1)
        h = encoded
        for layer, (weight, bias) in enumerate(zip(weights, self.bias)):
            if layer == JOINED:
                h = torch.cat([h, encoded], dim=-1) / math.sqrt(2)
            h = F.linear(h, weight, bias)
            if layer < HIDDEN:
                h = F.softplus(h, beta=100)
        return h[:, 0], h[:, 1:]
