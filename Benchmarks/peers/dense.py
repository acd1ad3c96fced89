"""Dense evaluation of a field of the same size in PyTorch. Prints one line of JSON.

Evaluates distances at --points points in batches of 65,536, weights composed once. Where that takes longer than
--seconds the rest is told from the rate, and `share` says how much was evaluated."""
import argparse
import json
import time

import torch
from network import Field

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--width", type=int, default=128)
parser.add_argument("--points", type=int, default=1 << 20)
parser.add_argument("--seconds", type=float, default=30)
parser.add_argument("--threads", type=int, required=True)
arguments = parser.parse_args()

torch.set_num_threads(arguments.threads)
torch.manual_seed(0)
batch = 65_536
with torch.inference_mode():
    field = Field(arguments.width, rank=10, frames=100)
    weights = field.composed(50)
    x = 2 * torch.rand(batch, 3) - 1
    field.distance(x, weights)
    done, start = 0, time.perf_counter()
    while done < arguments.points and time.perf_counter() - start < arguments.seconds:
        count = min(batch, arguments.points - done)
        field.distance(x[:count], weights)
        done += count
    spent = time.perf_counter() - start
print(json.dumps({
    "version": torch.__version__, "threads": arguments.threads, "width": arguments.width,
    "points": arguments.points, "share": done / arguments.points, "seconds": spent * arguments.points / done,
    "evaluationsPerSecond": done / spent}))
