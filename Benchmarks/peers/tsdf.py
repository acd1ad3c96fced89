"""Open3D's TSDF fusion, frame by frame: what most people would do. Prints one line of JSON.

Each frame is fused by itself into voxels of --voxel, truncated at four of them, and extracted to OUT/NNNNNN.ply.
The time is that of reading, fusing and extracting, without writing."""
import argparse
import json
import pathlib
import time

import numpy as np
import open3d as o3d
from take import BOX, Take

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("take")
parser.add_argument("out", type=pathlib.Path)
parser.add_argument("--voxel", type=float, default=0.008, help="metres")
parser.add_argument("--limit", type=int, help="take only the first frames")
arguments = parser.parse_args()

take = Take(arguments.take, arguments.limit)
arguments.out.mkdir(parents=True, exist_ok=True)
lower, upper = BOX
length = float((upper - lower).max())
fusion = o3d.pipelines.integration
spent = 0.0
for index in range(len(take.times)):
    start = time.perf_counter()
    volume = fusion.UniformTSDFVolume(
        length=length, resolution=int(length / arguments.voxel), sdf_trunc=4 * arguments.voxel,
        color_type=fusion.TSDFVolumeColorType.NoColor, origin=lower.reshape(3, 1))
    for camera, depth, _ in take.frame(index):
        black = o3d.geometry.Image(np.zeros((camera.height, camera.width, 3), np.uint8))
        image = o3d.geometry.RGBDImage.create_from_color_and_depth(
            black, o3d.geometry.Image(depth), depth_scale=1.0, depth_trunc=8.0, convert_rgb_to_intensity=False)
        pinhole = o3d.camera.PinholeCameraIntrinsic(
            camera.width, camera.height, camera.fx, camera.fy, camera.cx, camera.cy)
        volume.integrate(image, pinhole, np.ascontiguousarray(np.linalg.inv(camera.world_from_depth)))
    mesh = volume.extract_triangle_mesh()
    spent += time.perf_counter() - start
    mesh.compute_vertex_normals()
    o3d.io.write_triangle_mesh(str(arguments.out / f"{index:06d}.ply"), mesh)
print(json.dumps({"version": o3d.__version__, "frames": len(take.times), "secondsPerFrame": spent / len(take.times)}))
