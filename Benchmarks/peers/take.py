"""A Fieldmesh take as NumPy arrays, for the peers: depth as a pinhole without distortion would have seen it.

Frames are those of the first camera; every other camera gives the image nearest in time, if it lies within half
a frame's time. Wired delays are taken off first. With --pairs, frames, cameras and images are those that a run of
Fieldmesh paired."""
import json
import pathlib

import numpy as np
from PIL import Image

# Lower and upper corner of the space that is reconstructed, world metres: a subject around the origin, floor left out.
BOX = (np.array([-1.2, 0.01, -1.2]), np.array([1.2, 2.1, 1.2]))


def add_options(parser):
    """What all peers that reconstruct are told of a take."""
    parser.add_argument("take")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--limit", type=int, help="take only the first frames")
    parser.add_argument("--every", type=int, default=1, help="take only each n-th frame")
    parser.add_argument("--calibration", type=pathlib.Path, help="another calibration than the take's")
    parser.add_argument("--pairs", type=pathlib.Path, help="OUT/pair/frames.json of a run: its cameras, frames, numbers")
    parser.add_argument("--box", type=float, nargs=6, help="lower and upper corner, metres")
    parser.add_argument("--colors", action="store_true", help="give the mesh the cameras' colours")


def _transform(record):
    matrix = np.eye(4)
    matrix[:3, :3] = np.reshape(record["rotation"], (3, 3))
    matrix[:3, 3] = record["translation"]
    return matrix


class Lens:
    """A lens of the rational model."""

    def __init__(self, record):
        self.width, self.height = record["width"], record["height"]
        self.fx, self.fy, self.cx, self.cy = (record["intrinsics"][name] for name in ("fx", "fy", "cx", "cy"))
        self.distortion = record.get("distortion", {})

    def project(self, x, y):
        """Pixels, columns and rows, of points of the normalized image plane."""
        k = {name: self.distortion.get(name, 0.0) for name in ("k1", "k2", "k3", "k4", "k5", "k6", "p1", "p2")}
        r2 = x * x + y * y
        radial = 1 + r2 * (k["k1"] + r2 * (k["k2"] + r2 * k["k3"]))
        radial /= 1 + r2 * (k["k4"] + r2 * (k["k5"] + r2 * k["k6"]))
        return ((x * radial + 2 * k["p1"] * x * y + k["p2"] * (r2 + 2 * x * x)) * self.fx + self.cx,
                (y * radial + k["p1"] * (r2 + 2 * y * y) + 2 * k["p2"] * x * y) * self.fy + self.cy)


def _list(file):
    """Times and files of one stream."""
    lines = file.read_text().splitlines() if file.exists() else []
    rows = [line.split(maxsplit=1) for line in lines if line.strip() and not line.startswith("#")]
    return np.array([float(time) for time, _ in rows]), [name.strip() for _, name in rows]


class Camera:
    """One depth camera: its pinhole, its place, its images."""

    def __init__(self, folder, record, world_from_rig, place, box):
        self.folder, self.box, self.unit = folder, box, record["depth"]["unit"]
        self.lens, self.color = Lens(record["depth"]), record.get("color") and Lens(record["color"])
        color_from_depth = record["colorFromDepth"]
        registered = self.color is not None and vars(self.lens) == vars(self.color) and np.allclose(_transform(color_from_depth), np.eye(4))
        if "color" in place:
            self.color = Lens(place["color"])
            self.lens = self.color if registered else self.lens
        self.width, self.height = self.lens.width, self.lens.height
        self.fx, self.fy, self.cx, self.cy = self.lens.fx, self.lens.fy, self.lens.cx, self.lens.cy
        self.color_from_depth = _transform(place.get("colorFromDepth", color_from_depth))
        self.world_from_depth = world_from_rig @ _transform(place["rigFromColor"]) @ self.color_from_depth
        self.times, self.files = _list(folder / record["id"] / "depth.txt")
        self.times = self.times - record["sync"]["delay"]
        self.color_times, self.color_files = _list(folder / record["id"] / "color.txt")
        u, v = np.meshgrid(np.arange(self.width), np.arange(self.height))
        x, y = (u - self.cx) / self.fx, (v - self.cy) / self.fy
        self.rays = np.stack([x, y, np.ones_like(x)], axis=-1)
        columns, rows = self.lens.project(x, y)
        self.source = (np.rint(rows).astype(int), np.rint(columns).astype(int))
        self.valid = ((self.source[0] >= 0) & (self.source[0] < self.height)
                      & (self.source[1] >= 0) & (self.source[1] < self.width))
        self.source = tuple(np.clip(s, 0, n - 1) for s, n in zip(self.source, (self.height, self.width)))
        # What a calibration found out about the sensor's depth.
        bias = place.get("depthBias", {})
        self.offset = bias.get("offset", 0.0)
        self.factor = 1 + bias.get("scale", 0.0) + bias.get("radial", 0.0) * (x * x + y * y)

    def depth(self, index):
        """Depth along the axis, metres, 0 where nothing was measured or it lies outside of the box; and world points."""
        raw = np.asarray(Image.open(self.folder / self.files[index])).astype(np.float32) * np.float32(self.unit)
        depth = np.where(self.valid, raw[self.source], 0)
        depth = np.where(depth > 0, self.offset + depth * self.factor, 0)
        points = (self.rays * depth[..., None]) @ self.world_from_depth[:3, :3].T + self.world_from_depth[:3, 3]
        kept = (depth > 0) & ((points > self.box[0]) & (points < self.box[1])).all(axis=-1)
        return np.where(kept, depth, 0).astype(np.float32), points

    def colors(self, index, depth):
        """8-bit colours of the depth image's pixels, black where the colour image has none."""
        image = np.asarray(Image.open(self.folder / self.color_files[index]).convert("RGB"))
        p = (self.rays * depth[..., None]) @ self.color_from_depth[:3, :3].T + self.color_from_depth[:3, 3]
        z = np.where(depth > 0, p[..., 2], 1)
        columns, rows = self.color.project(p[..., 0] / z, p[..., 1] / z)
        seen = (depth > 0) & (rows >= 0) & (rows <= self.color.height - 1) & (columns >= 0) & (columns <= self.color.width - 1)
        at = (np.rint(np.where(seen, rows, 0)).astype(int), np.rint(np.where(seen, columns, 0)).astype(int))
        return np.where(seen[..., None], image[at], 0).astype(np.uint8)


class Take:
    """The frames: `numbers`, and for each the cameras that saw it."""

    def __init__(self, options):
        folder = pathlib.Path(options.take)
        take = json.loads((folder / "take.json").read_text())
        places = json.loads((options.calibration or folder / "calibration.json").read_text())
        self.box = (np.array(options.box[:3]), np.array(options.box[3:])) if options.box else BOX
        place = {c["id"]: c for c in places["cameras"]}
        records = {c["id"]: c for c in take["cameras"]}
        pairs = json.loads(options.pairs.read_text()) if options.pairs else None
        names = pairs["cameras"] if pairs else [c["id"] for c in take["cameras"]]
        self.cameras = [Camera(folder, records[n], _transform(places["worldFromRig"]), place[n], self.box) for n in names]
        if pairs:
            frames = pairs["frames"][:options.limit:options.every]
            self.numbers = [f["number"] for f in frames]
            self.images = [list(zip(f["depth"], f["color"])) for f in frames]
        else:
            times = self.cameras[0].times[:options.limit:options.every]
            self.numbers = [number * options.every for number in range(len(times))]
            self.images = [[self._nearest(c, time, 0.5 / take["framesPerSecond"]) for c in self.cameras] for time in times]

    @staticmethod
    def _nearest(camera, time, reach):
        def near(times):
            best = int(np.abs(times - time).argmin()) if len(times) else None
            return best if best is not None and abs(times[best] - time) <= reach else None
        return near(camera.times), near(camera.color_times)

    def frame(self, position, colors=False):
        """The cameras that saw a frame, each with its depth image, points and colours (None where there are none)."""
        for camera, (depth, color) in zip(self.cameras, self.images[position]):
            if depth is not None:
                z, points = camera.depth(depth)
                yield camera, z, points, camera.colors(color, z) if colors and color is not None else None
