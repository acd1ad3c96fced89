import CaptureCore
import CaptureTestSupport
import Foundation
import ImageFiles
import NumpyFiles

/// Two cameras of three frames in the ResFields/NeuS layout.
struct TinyCameraFolders {
  let folder = Scratch.unused()

  /// In the layout's convention, with pixel centres at one half.
  static let intrinsics = Intrinsics(fx: 5, fy: 5.5, cx: 3.25, cy: 2.5)
  static let poses = [
    RigidTransform.identity,
    RigidTransform(
      rows: (SIMD3(0, 0, 1), SIMD3(0, 1, 0), SIMD3(-1, 0, 0)), translation: SIMD3(0.5, -0.2, 3)),
  ]

  static func matrix(_ k: Intrinsics, _ pose: RigidTransform, scale: Double = 1) -> [Double] {
    let (r, t) = (pose.rows, pose.translation)
    let rows = [
      k.fx * r.0 + k.cx * r.2, k.fy * r.1 + k.cy * r.2, r.2, .zero,
    ]
    let last = [k.fx * t.x + k.cx * t.z, k.fy * t.y + k.cy * t.z, t.z, 1]
    return zip(rows, last).flatMap { [$0.x, $0.y, $0.z, $1].map { $0 * scale } }
  }

  init() throws {
    for (camera, id) in ["cam_2", "cam_10"].enumerated() {
      let colors = camera == 0 ? "rgb" : "image"
      for name in [colors, "depth", "mask"] { try AtomicFile.makeFolder(url("\(id)/\(name)")) }
      for frame in 1...3 {
        let name = "video_7_frame_000\(frame).png"
        try ImageFile.writePNG(TinyTake.color(frame), to: url("\(id)/\(colors)/\(name)"))
        try ImageFile.writePNG(TinyTake.color(frame), to: url("\(id)/mask/\(name)"))
        try ImageFile.writePNG(
          DepthImage(
            width: 6, height: 4, samples: (0..<24).map { UInt16($0 + frame) }, unit: 0.001),
          to: url("\(id)/depth/\(name)"))
      }
      try writeCameras(
        id,
        (0..<3).map { _ in
          TinyCameraFolders.matrix(
            TinyCameraFolders.intrinsics, TinyCameraFolders.poses[camera])
        })
    }
  }

  func writeCameras(
    _ id: String, _ worlds: [[Double]],
    scale: [Double] = [2, 0, 0, 1, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1]
  ) throws {
    var arrays: [(name: String, array: NumpyArray)] = []
    for (i, world) in worlds.enumerated() {
      arrays.append(("world_mat_\(i)", try NumpyArray(shape: [4, 4], elements: .float64(world))))
      arrays.append(("world_mat_inv_\(i)", try NumpyArray(shape: [1], elements: .float32([7]))))
      arrays.append(("scale_mat_\(i)", try NumpyArray(shape: [4, 4], elements: .float64(scale))))
    }
    try NumpyArchive.write(arrays, to: url("\(id)/cameras_sphere.npz"))
  }

  func url(_ path: String) -> URL { folder.appendingPathComponent(path) }
}
