"""A Fieldmesh take as NumPy arrays, for the peers: depth as a pinhole without distortion would have seen it.

Frames are those of the first camera; every other camera gives the image nearest in time, if it lies within half
a frame's time. Wired delays are taken off first."""
import json
import pathlib

import numpy as np
from PIL import Image

# Lower and upper corner of the space that is reconstructed, world metres: a subject around the origin, floor left out.
BOX = (np.array([-1.2, 0.01, -1.2]), np.array([1.2, 2.1, 1.2]))


def _transform(record):
    matrix = np.eye(4)
    matrix[:3, :3] = np.reshape(record["rotation"], (3, 3))
    matrix[:3, 3] = record["translation"]
    return matrix


def _distorted(x, y, lens):
    """Where a lens of the rational model puts a point of the normalized image plane."""
    k = {name: lens.get(name, 0.0) for name in ("k1", "k2", "k3", "k4", "k5", "k6", "p1", "p2")}
    r2 = x * x + y * y
    radial = 1 + r2 * (k["k1"] + r2 * (k["k2"] + r2 * k["k3"]))
    radial /= 1 + r2 * (k["k4"] + r2 * (k["k5"] + r2 * k["k6"]))
    return (x * radial + 2 * k["p1"] * x * y + k["p2"] * (r2 + 2 * x * x),
            y * radial + k["p1"] * (r2 + 2 * y * y) + 2 * k["p2"] * x * y)


class Camera:
    """One depth camera: its pinhole, its place, its images."""

    def __init__(self, folder, record, world_from_rig, rig_from_color):
        lens = record["depth"]
        self.folder, self.unit = folder, lens["unit"]
        self.width, self.height = lens["width"], lens["height"]
        self.fx, self.fy, self.cx, self.cy = (lens["intrinsics"][name] for name in ("fx", "fy", "cx", "cy"))
        self.world_from_depth = world_from_rig @ rig_from_color @ _transform(record["colorFromDepth"])
        lines = (folder / record["id"] / "depth.txt").read_text().splitlines()
        rows = [line.split(maxsplit=1) for line in lines if line.strip() and not line.startswith("#")]
        self.times = np.array([float(time) for time, _ in rows]) - record["sync"]["delay"]
        self.files = [name.strip() for _, name in rows]
        u, v = np.meshgrid(np.arange(self.width), np.arange(self.height))
        x, y = (u - self.cx) / self.fx, (v - self.cy) / self.fy
        self.rays = np.stack([x, y, np.ones_like(x)], axis=-1)
        xd, yd = _distorted(x, y, lens.get("distortion", {}))
        self.source = (np.rint(yd * self.fy + self.cy).astype(int), np.rint(xd * self.fx + self.cx).astype(int))
        self.valid = ((self.source[0] >= 0) & (self.source[0] < self.height)
                      & (self.source[1] >= 0) & (self.source[1] < self.width))
        self.source = tuple(np.clip(s, 0, n - 1) for s, n in zip(self.source, (self.height, self.width)))

    def depth(self, index):
        """Depth along the axis, metres, 0 where nothing was measured or it lies outside of the box; and world points."""
        raw = np.asarray(Image.open(self.folder / self.files[index])).astype(np.float32) * np.float32(self.unit)
        depth = np.where(self.valid, raw[self.source], 0)
        points = (self.rays * depth[..., None]) @ self.world_from_depth[:3, :3].T + self.world_from_depth[:3, 3]
        kept = (depth > 0) & ((points > BOX[0]) & (points < BOX[1])).all(axis=-1)
        return np.where(kept, depth, 0).astype(np.float32), points


class Take:
    def __init__(self, path, limit=None):
        folder = pathlib.Path(path)
        take = json.loads((folder / "take.json").read_text())
        places = json.loads((folder / "calibration.json").read_text())
        rig_from_color = {c["id"]: _transform(c["rigFromColor"]) for c in places["cameras"]}
        world_from_rig = _transform(places["worldFromRig"])
        self.cameras = [Camera(folder, c, world_from_rig, rig_from_color[c["id"]]) for c in take["cameras"]]
        self.times = self.cameras[0].times[:limit]
        self._reach = 0.5 / take["framesPerSecond"]

    def frame(self, index):
        """The cameras that saw a frame, each with its depth image and points."""
        for camera in self.cameras:
            nearest = int(np.abs(camera.times - self.times[index]).argmin())
            if abs(camera.times[nearest] - self.times[index]) <= self._reach:
                yield camera, *camera.depth(nearest)
