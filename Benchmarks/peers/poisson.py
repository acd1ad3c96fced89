"""Screened Poisson reconstruction with Open3D, frame by frame: the strongest of the quick methods. Prints one line of JSON.

The points of all cameras, outliers removed camera by camera, with normals from their neighbours towards the camera,
one a voxel of 5 mm; the octree is --depth deep, the 2 % of vertices with the fewest points behind them are cut away,
and so is what leaves the box. The time is that of reading and reconstructing, without writing."""
import argparse
import json
import time

import numpy as np
import open3d as o3d
from take import Take, add_options

parser = argparse.ArgumentParser(description=__doc__)
add_options(parser)
parser.add_argument("--depth", type=int, default=8)
parser.add_argument("--trim", type=float, default=0.02, help="share of the vertices that is cut away")
arguments = parser.parse_args()

take = Take(arguments)
arguments.out.mkdir(parents=True, exist_ok=True)
box = o3d.geometry.AxisAlignedBoundingBox(*take.box)
spent = 0.0
for position, number in enumerate(take.numbers):
    start = time.perf_counter()
    cloud = o3d.geometry.PointCloud()
    for camera, depth, points, colors in take.frame(position, arguments.colors):
        part = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(points[depth > 0]))
        if colors is not None:
            part.colors = o3d.utility.Vector3dVector(colors[depth > 0] / 255)
        part, _ = part.remove_statistical_outlier(nb_neighbors=20, std_ratio=1.5)
        part.estimate_normals(o3d.geometry.KDTreeSearchParamHybrid(radius=0.03, max_nn=30))
        if not part.has_normals():  # nothing was seen
            continue
        part.orient_normals_towards_camera_location(camera.world_from_depth[:3, 3])
        cloud += part
    if cloud.is_empty():
        continue
    cloud = cloud.voxel_down_sample(0.005)
    mesh, density = o3d.geometry.TriangleMesh.create_from_point_cloud_poisson(cloud, depth=arguments.depth)
    mesh.remove_vertices_by_mask(np.asarray(density) < np.quantile(density, arguments.trim))
    mesh = mesh.crop(box)
    spent += time.perf_counter() - start
    mesh.compute_vertex_normals()
    o3d.io.write_triangle_mesh(str(arguments.out / f"{number:06d}.ply"), mesh)
print(json.dumps({"version": o3d.__version__, "frames": len(take.numbers), "secondsPerFrame": spent / len(take.numbers)}))
