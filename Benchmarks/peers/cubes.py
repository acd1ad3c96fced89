"""Marching cubes of three libraries on one grid of distances [z, y, x]. Prints one line of JSON: seconds of each.

PyMCubes and scikit-image run on one thread; Open3D's flying edges may take more, unless --threads says how many cores there are.
A library that is missing is left out, with the reason. Medians of --times runs after one to warm up."""
import argparse
import json
import os
import statistics
import time

import numpy as np

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("grid")
parser.add_argument("--times", type=int, default=3)
parser.add_argument("--only", help="library to run, all by default")
parser.add_argument("--threads", type=int, help="cores to run on, all by default")
arguments = parser.parse_args()
if arguments.threads:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:arguments.threads])
grid = np.load(arguments.grid)


def pymcubes():
    import mcubes
    return lambda: len(mcubes.marching_cubes(grid, 0.0)[1])


def skimage():
    from skimage.measure import marching_cubes
    return lambda: len(marching_cubes(grid, 0.0)[1])


def open3d():
    import open3d as o3d
    return lambda: len(o3d.t.geometry.TriangleMesh.create_isosurfaces(grid).triangle.indices)


result = {"cells": int(np.prod(np.array(grid.shape) - 1)), "libraries": {}, "missing": {}}
for name, prepare in [("PyMCubes", pymcubes), ("scikit-image", skimage), ("Open3D", open3d)]:
    if arguments.only not in (None, name):
        continue
    try:
        run = prepare()
    except ImportError as error:
        result["missing"][name] = str(error)
        continue
    faces = run()
    times = []
    for _ in range(arguments.times):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    result["libraries"][name] = {"seconds": statistics.median(times), "faces": faces}
print(json.dumps(result))
