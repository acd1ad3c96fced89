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
    var points: [SIMD3<Float>] = []
    for (camera, place) in sorted {
      guard let stream = frames.streams[camera],
        let source = stream.sources.compactMap({ $0 }).first
      else { continue }
      let pose = FloatPose(place * cameras[camera].description.colorFromDepth, from: .zero)
      points += Self.points(stream.images[source], stream.lens, limit: 3000).map {
        pose.point($0.position)
      }
    }
    var finder = FloorFinder(up: up, largestTilt: .pi / 3, leastShare: 0.1)
    var found = finder.find(in: points)
    if found == nil {
      finder.mostBelow = 1
      found = finder.find(in: points)
    }
    guard let plane = found else { return nil }
    let y = plane.normal
    let forward = (places[reference] ?? .identity).rotate(SIMD3(0, 0, 1))
    let z = -(forward - y * forward.dot(y)).normalized
    let x = y.cross(z)
    let middle =
      sorted.reduce(SIMD3<Double>.zero) { $0 + $1.value.translation }
      / Double(max(1, sorted.count))
    let foot = middle - y * plane.height(middle)
    let turned = RigidTransform(rows: (x, y, z), translation: .zero)
    return RigidTransform(rows: (x, y, z), translation: -turned.rotate(foot))
  }
}
