public import CaptureCore
internal import Foundation

extension DepthAligner {
  /// A world for cameras that only know each other: +y up, y = 0 on the floor (or the largest level
  /// surface that is seen, a table), the origin under the middle of the cameras, and -z where the
  /// reference camera looks.
  ///
  /// - Parameter places: Colour lens to any common frame, by camera; those missing are not looked at.
  /// - Returns: The motion from the common frame into the world; nil when no plane within 60 degrees
  ///   of level is seen, level being what the cameras take for it.
  public func levelled(_ places: [Int: RigidTransform]) -> RigidTransform? {
    let sorted = places.sorted { $0.key < $1.key }
    let up = sorted.reduce(SIMD3<Double>.zero) { $0 - $1.value.rotate(SIMD3(0, 1, 0)) }.normalized
    var points: [SurfacePoint] = []
    for (camera, place) in sorted {
      guard let stream = frames.streams[camera],
        let source = stream.sources.compactMap({ $0 }).first
      else { continue }
      let pose = FloatPose(place * cameras[camera].description.colorFromDepth, from: .zero)
      points += Self.points(stream.images[source], stream.lens, limit: 3000).map {
        SurfacePoint(position: pose.point($0.position), normal: pose.rotate($0.normal))
      }
    }
    guard points.count >= 100 else { return nil }
    let level = PlaneFinder.planes(in: points, count: 4).filter {
      SIMD3<Double>($0.normal).dot(up) > 0.5
    }
    guard let plane = level.max(by: { $0.share < $1.share }) else { return nil }
    let y = SIMD3<Double>(plane.normal).normalized
    let forward = (places[reference] ?? .identity).rotate(SIMD3(0, 0, 1))
    let z = -(forward - y * forward.dot(y)).normalized
    let x = y.cross(z)
    let middle =
      sorted.reduce(SIMD3<Double>.zero) { $0 + $1.value.translation }
      / Double(max(1, sorted.count))
    let foot = middle - y * (y.dot(middle) + Double(plane.offset))
    let turned = RigidTransform(rows: (x, y, z), translation: .zero)
    return RigidTransform(rows: (x, y, z), translation: -turned.rotate(foot))
  }
}
