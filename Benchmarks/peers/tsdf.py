"""Open3D's TSDF fusion, frame by frame: what most people would do. Prints one line of JSON.

Each frame is fused by itself into voxels of --voxel, truncated at four of them, and extracted to OUT/NNNNNN.ply.
The time is that of reading, fusing and extracting, without writing."""
import argparse
import json
import time

import numpy as np
import open3d as o3d
from take import Take, add_options

parser = argparse.ArgumentParser(description=__doc__)
add_options(parser)
parser.add_argument("--voxel", type=float, default=0.008, help="metres")
parser.add_argument("--sparse", action="store_true", help="keep voxels near surfaces only, for large spaces")
arguments = parser.parse_args()

take = Take(arguments)
arguments.out.mkdir(parents=True, exist_ok=True)
lower, upper = take.box
length = float((upper - lower).max())
fusion = o3d.pipelines.integration
kind = fusion.TSDFVolumeColorType.RGB8 if arguments.colors else fusion.TSDFVolumeColorType.NoColor
spent = 0.0
for position, number in enumerate(take.numbers):
    start = time.perf_counter()
    if arguments.sparse:
        volume = fusion.ScalableTSDFVolume(voxel_length=arguments.voxel, sdf_trunc=4 * arguments.voxel, color_type=kind)
    else:
        volume = fusion.UniformTSDFVolume(
            length=length, resolution=int(length / arguments.voxel), sdf_trunc=4 * arguments.voxel,
            color_type=kind, origin=lower.reshape(3, 1))
    for camera, depth, _, colors in take.frame(position, arguments.colors):
        if colors is None:
            colors = np.zeros((camera.height, camera.width, 3), np.uint8)
        image = o3d.geometry.RGBDImage.create_from_color_and_depth(
            o3d.geometry.Image(np.ascontiguousarray(colors)), o3d.geometry.Image(depth), depth_scale=1.0, depth_trunc=8.0, convert_rgb_to_intensity=False)
        pinhole = o3d.camera.PinholeCameraIntrinsic(
            camera.width, camera.height, camera.fx, camera.fy, camera.cx, camera.cy)
        volume.integrate(image, pinhole, np.ascontiguousarray(np.linalg.inv(camera.world_from_depth)))
    mesh = volume.extract_triangle_mesh()
    spent += time.perf_counter() - start
    mesh.compute_vertex_normals()
    o3d.io.write_triangle_mesh(str(arguments.out / f"{number:06d}.ply"), mesh)
print(json.dumps({"version": o3d.__version__, "frames": len(take.numbers), "secondsPerFrame": spent / len(take.numbers)}))
