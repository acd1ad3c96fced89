"""The training step of `fieldmesh-bench step` in PyTorch, on the same work. Prints one line of JSON.

Every step: --frames-per-step random frames of --points random points each; L1 on distance (to a sphere) and colour,
0.1 times the eikonal term by double backward; Adam. Two steps warm up."""
import argparse
import json
import statistics
import time

import torch
from network import Field

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--width", type=int, default=128)
parser.add_argument("--rank", type=int, default=10)
parser.add_argument("--frames", type=int, default=100)
parser.add_argument("--frames-per-step", type=int, default=4)
parser.add_argument("--points", type=int, default=4096)
parser.add_argument("--steps", type=int, default=15)
parser.add_argument("--threads", type=int, required=True)
arguments = parser.parse_args()

torch.set_num_threads(arguments.threads)
torch.manual_seed(0)
field = Field(arguments.width, arguments.rank, arguments.frames)
optimizer = torch.optim.Adam(field.parameters(), lr=5e-4)


def step():
    optimizer.zero_grad()
    loss = 0.0
    for frame in torch.randint(arguments.frames, (arguments.frames_per_step,)).tolist():
        x = (2 * torch.rand(arguments.points, 3) - 1).requires_grad_()
        distance, features = field.distance(x, field.composed(frame))
        gradient, = torch.autograd.grad(distance.sum(), x, create_graph=True)
        loss = loss + (distance - (x.detach().norm(dim=-1) - 0.5)).abs().mean()
        loss = loss + (field.color(features) - 0.5).abs().mean()
        loss = loss + 0.1 * (gradient.norm(dim=-1) - 1).square().mean()
    loss.backward()
    optimizer.step()


for _ in range(2):
    step()
times = []
for _ in range(arguments.steps):
    start = time.perf_counter()
    step()
    times.append(time.perf_counter() - start)
median = statistics.median(times)
print(json.dumps({
    "version": torch.__version__, "threads": arguments.threads, "width": arguments.width, "seconds": median,
    "pointsPerSecond": arguments.frames_per_step * arguments.points / median}))
