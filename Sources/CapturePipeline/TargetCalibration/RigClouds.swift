internal import CaptureCore
internal import Foundation
internal import FrameSync
internal import Recordings

/// Depth of every camera at one time, thinned out: for the floor, the overlap and pictures.
struct RigClouds: Sendable {
  /// By camera, points in the colour lens's frame, metres.
  private(set) var points: [[SIMD3<Double>]]
  private let depths: [DepthImage?]
  private let cameras: [CameraDescription]
  /// By camera, from places in its depth lens's frame.
  private let lenses: [PixelProjection?]

  /// Most points of a camera.
  private static let limit = 12_000

  /// Reads the depth of a set; a camera whose depth cannot be read has no points.
  init(_ reader: any Recording, _ set: FrameSet, cameras: [CameraDescription], biases: [DepthBias])
  {
    self.cameras = cameras
    lenses = cameras.map { $0.depth.map { PixelProjection($0, worldFromCamera: .identity) } }
    depths = cameras.indices.map { camera in
      guard let index = set.entries[camera].depth, let model = cameras[camera].depth,
        let image = try? reader.depth(camera: camera, index: index),
        (image.width, image.height) == (model.width, model.height)
      else { return nil }
      return biases[camera].corrected(image, model: model)
    }
    points = []
    for (camera, depth) in zip(cameras, depths) {
      points.append(RigClouds.points(depth, camera))
    }
  }

  private static func points(
    _ depth: DepthImage?, _ camera: CameraDescription
  ) -> [SIMD3<Double>] {
    guard let depth, let model = camera.depth else { return [] }
    let count = Double(depth.width * depth.height)
    let step = max(1, Int((count / Double(limit)).squareRoot()))
    var result: [SIMD3<Double>] = []
    for v in stride(from: step / 2, to: depth.height, by: step) {
      for u in stride(from: step / 2, to: depth.width, by: step) {
        let z = Double(depth.meters(u, v))
        guard z > 0, camera.depthRange.contains(z),
          let ray = model.unproject(SIMD2(Double(u), Double(v)))
        else { continue }
        result.append(camera.colorFromDepth.apply(ray * z))
      }
    }
    return result
  }

  /// Share of one camera's points that one of the others sees too: they fall into its picture, where
  /// it measures the same depth to 5 cm.
  func overlap(_ a: Int, _ others: [Int], _ rigFromColor: [RigidTransform]) -> Double {
    guard !points[a].isEmpty else { return 0 }
    let ways = others.map { b in
      cameras[b].colorFromDepth.inverse * rigFromColor[b].inverse * rigFromColor[a]
    }
    let hits = points[a].count { point in
      zip(others, ways).contains { b, way in measures(b, way.apply(point)) }
    }
    return Double(hits) / Double(points[a].count)
  }

  /// Whether a camera measures a surface at a place in its depth lens's frame.
  private func measures(_ camera: Int, _ p: SIMD3<Double>) -> Bool {
    guard let depth = depths[camera], let hit = lenses[camera]?.pixel(SIMD3<Float>(p)) else {
      return false
    }
    let z = Double(depth.meters(at: hit.index))
    return z > 0 && abs(z - p.z) < 0.05
  }
}
