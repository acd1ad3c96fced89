internal import CaptureCore
internal import Foundation

/// Tells whether two cameras of a rig were exchanged, by the depth that several of them see.
///
/// Points of one camera are looked for in another one's image. A point agrees where depth is measured
/// within ``tolerance`` of it, and conflicts where something farther off is: the camera would have
/// seen it. What lies behind something nearer is hidden and says nothing. Cameras are taken for
/// exchanged where more than a tenth of the points conflict as the cameras are placed, and with two
/// places changed less than 0.4 times as many would.
struct SwappedCameras {
  /// Frame sets that are enough.
  static let sets = 2
  /// Points along each side of an image.
  static let side = 40
  /// Share of the depth that may lie between two measurements of one surface.
  static let tolerance = 0.03
  /// Points that must agree or conflict for a conclusion.
  static let least = 200

  /// What agrees and what conflicts.
  private struct Count {
    var (agree, conflict) = (0, 0)
    var total: Int { agree + conflict }
    var share: Double { Double(agree) / Double(max(1, total)) }

    static func += (a: inout Count, b: Count) {
      a.agree += b.agree
      a.conflict += b.conflict
    }
  }

  private let cameras: [PlacedCamera]
  /// By camera, from places in its depth lens's frame.
  private let lenses: [PixelProjection?]
  /// By frame set and camera.
  private let images: [[DepthImage?]]
  /// Of each image: points in the frame of its lens, metres.
  private let points: [[[SIMD3<Double>]]]

  init(_ cameras: [PlacedCamera], _ images: [[DepthImage?]]) {
    (self.cameras, self.images) = (cameras, images)
    lenses = cameras.map { camera in
      camera.description.depth.map { PixelProjection($0, worldFromCamera: .identity) }
    }
    points = images.map { zip(cameras, $0).map { Self.points($0, $1) } }
  }

  private static func points(_ camera: PlacedCamera, _ image: DepthImage?) -> [SIMD3<Double>] {
    guard let image, let lens = camera.description.depth else { return [] }
    let (rows, columns) = (max(1, image.height / side), max(1, image.width / side))
    var points: [SIMD3<Double>] = []
    for v in stride(from: rows / 2, to: image.height, by: rows) {
      for u in stride(from: columns / 2, to: image.width, by: columns) {
        let z = Double(image.meters(u, v))
        if z > 0, let ray = lens.unproject(SIMD2(Double(u), Double(v))) { points.append(ray * z) }
      }
    }
    return points
  }

  /// The exchange of two cameras that explains best why depth disagrees; nil where it agrees, or
  /// none explains it.
  func finding() -> Inspection.Finding? {
    let pairs = cameras.indices.flatMap { a in
      cameras.indices.filter { $0 != a }.map { (from: a, to: $0) }
    }
    let places = cameras.map(\.worldFromDepth)
    let asPlaced = pairs.map { count($0.from, $0.to, places) }
    var best: (a: Int, b: Int, before: Double, after: Double)?
    for a in cameras.indices {
      for b in cameras.indices.dropFirst(a + 1) {
        var changed = places
        // The colour lens is what a calibration places.
        changed[a] = cameras[b].worldFromColor * cameras[a].description.colorFromDepth
        changed[b] = cameras[a].worldFromColor * cameras[b].description.colorFromDepth
        var (before, after) = (Count(), Count())
        for (pair, count) in zip(pairs, asPlaced)
        where pair.from == a || pair.to == a || pair.from == b || pair.to == b {
          before += count
          after += self.count(pair.from, pair.to, changed)
        }
        guard before.total >= Self.least, after.total >= Self.least, before.share < 0.9,
          after.share > 0.8, 1 - after.share < 0.4 * (1 - before.share),
          after.share > best?.after ?? 0
        else { continue }
        best = (a, b, before.share, after.share)
      }
    }
    guard let (a, b, before, after) = best else { return nil }
    let (first, second) = (cameras[a].description.id, cameras[b].description.id)
    return Inspection.Finding(
      verdict: .broken, camera: nil,
      what: String(
        format:
          "Cameras \(first) and \(second) seem to be swapped: %.0f %% of their depth agrees with what the others see, and %.0f %% would with their places exchanged.",
        100 * before, 100 * after),
      remedy: "Exchange their names in the recording or in the calibration, or calibrate again.")
  }

  private func count(_ from: Int, _ to: Int, _ places: [RigidTransform]) -> Count {
    guard let lens = lenses[to] else { return Count() }
    let toFromSource = places[to].inverse * places[from]
    var count = Count()
    for (images, points) in zip(images, points) {
      guard let image = images[to], (image.width, image.height) == (lens.width, lens.height)
      else { continue }
      for point in points[from] {
        let p = toFromSource.apply(point)
        guard p.z > 0.05, let hit = lens.pixel(SIMD3<Float>(p)) else { continue }
        let measured = Double(image.meters(at: hit.index))
        guard measured > 0 else { continue }
        let margin = max(0.02, Self.tolerance * measured)
        if abs(measured - p.z) <= margin { count.agree += 1 }
        if measured - p.z > margin { count.conflict += 1 }
      }
    }
    return count
  }
}
