internal import CaptureCore
internal import Foundation

/// Turns the images of one camera at one instant into observations.
struct CameraObserver {
  /// What was decided about a pixel.
  enum Verdict: UInt8 {
    case unknown, subject, background, empty
  }

  let camera: Int
  let rays: CameraRays
  let placed: PlacedCamera
  let range: ClosedRange<Float>
  let survey: SceneSurvey
  let configuration: ObservationConfiguration
  /// What colours are multiplied by.
  var colorFactor = SIMD3<Float>(repeating: 1)

  /// Cosine between ray and normal from which on a surface counts as seen well.
  private static let sureIncidence: Float = 0.5

  /// What one camera's images say by themselves.
  struct Sighting {
    var surface: [SurfaceObservation] = []
    /// z-depth of each pixel that shows the subject; below zero where the ray meets none, up to that
    /// depth; minus infinity where it never returned; 0 where nothing is known.
    var depth: [Float]
    /// Distance of each pixel to the subject's, pixels.
    var silhouette: [Float]
  }

  struct Result {
    var surface: [SurfaceObservation] = []
    var freeRays: [FreeRay] = []
    /// ``ObservedDepth`` samples, `[height × width]`.
    var depth: [Int16] = []
  }

  /// z-depth as recorded, metres; 0 out of range and beside the lens.
  private func raw(_ frame: CameraFrame) -> [Float]? {
    frame.depth.flatMap { rays.depth($0, within: range) }
  }

  /// z-depth as recorded of the pixels that show the subject and have enough support; 0 elsewhere.
  func subjectDepth(_ frame: CameraFrame) -> [Float]? {
    guard let raw = raw(frame) else { return nil }
    let verdicts = classify(raw, mask: frame.mask)
    return raw.withUnsafeBufferPointer { raw in
      raw.indices.map { verdicts[$0] == .subject && isSupported($0, raw) ? raw[$0] : 0 }
    }
  }

  func observe(_ frame: CameraFrame) -> Sighting? {
    guard let raw = raw(frame) else { return nil }
    var verdicts = classify(raw, mask: frame.mask)
    // Whatever lies in the box counts for silhouettes, even what is too uncertain to be used.
    let silhouette = PixelDistance.to(
      verdicts.map { $0 == .subject }, width: rays.width, height: rays.height)
    markEmpty(&verdicts, raw, silhouette)
    var sighting = Sighting(
      depth: [Float](repeating: 0, count: raw.count), silhouette: silhouette)
    for i in raw.indices where verdicts[i] == .background { sighting.depth[i] = -raw[i] }
    for i in raw.indices where verdicts[i] == .empty { sighting.depth[i] = -.infinity }
    lift(raw, verdicts, frame, &sighting)
    return sighting
  }

  /// The images' result beside the surfaces that the other cameras saw at the same instant.
  func conclude(_ sighting: Sighting, beside others: [[SurfaceObservation]]) -> Result {
    var depth = sighting.depth
    for other in others { doubt(&depth, other) }
    for i in depth.indices where depth[i] == -.infinity { depth[i] = -range.upperBound }
    var result = Result(surface: sighting.surface)
    collectFree(depth, sighting.silhouette, &result)
    result.depth = depth.map { Int16(max(-32767, min(32767, ($0 / ObservedDepth.step).rounded()))) }
    return result
  }

  /// Forgets that rays are free which pass through what another camera saw well: a sheet seen edge-on
  /// returns nothing, or lets a pixel look past it, and is there all the same.
  private func doubt(_ depth: inout [Float], _ surface: [SurfaceObservation]) {
    let margin = Float(configuration.freeMargin)
    for o in surface where o.incidence >= Self.sureIncidence {
      guard let hit = rays.pixel(o.position) else { continue }
      let (u, v) = (hit.index % rays.width, hit.index / rays.width)
      for b in max(0, v - 1)...min(rays.height - 1, v + 1) {
        for a in max(0, u - 1)...min(rays.width - 1, u + 1) {
          let i = b * rays.width + a
          if depth[i] < 0, -depth[i] > hit.z + margin { depth[i] = 0 }
        }
      }
    }
  }

  /// Subject, background or unknown by the box, the floor, the mask and the background plate.
  private func classify(_ raw: [Float], mask: MaskImage?) -> [Verdict] {
    let plate = survey.plates[camera]
    let outer = survey.subject
    var verdicts = [Verdict](repeating: .unknown, count: raw.count)
    for i in raw.indices where raw[i] > 0 {
      let p = rays.point(i, raw[i])
      guard survey.box.contains(p) else {
        verdicts[i] = .background
        continue
      }
      if let floor = survey.floor, floor.height(p) < Float(configuration.floorHeight) {
        verdicts[i] = .background
        continue
      }
      if let mask, !isMasked(i, raw[i], mask) {
        verdicts[i] = .background
        continue
      }
      // In the margin around the subject, what never moves is furniture.
      let still = plate.map {
        $0.depth[i] > 0 && abs($0.depth[i] - raw[i]) < 4 * configuration.noise(raw[i])
      }
      verdicts[i] = still == true && !outer.contains(p) ? .background : .subject
    }
    return verdicts
  }

  private func isMasked(_ i: Int, _ z: Float, _ mask: MaskImage) -> Bool {
    guard let model = placed.description.color else { return true }
    let d = rays.directions[i]
    let p = placed.description.colorFromDepth.apply(SIMD3<Double>(d * z))
    guard let pixel = model.project(p), pixel.x > -0.5, pixel.y > -0.5,
      pixel.x < Double(mask.width) - 0.5, pixel.y < Double(mask.height) - 0.5
    else { return false }
    return mask.samples[Int(pixel.y + 0.5) * mask.width + Int(pixel.x + 0.5)] >= MaskImage.subject
  }

  /// Pixels without return that speak of open space: often empty over the take, away from the
  /// silhouette, and not a hole that the subject encloses (dark hair, a mirror).
  private func markEmpty(_ verdicts: inout [Verdict], _ raw: [Float], _ silhouette: [Float]) {
    guard configuration.noReturnIsFree, let plate = survey.plates[camera] else { return }
    let (w, h) = (rays.width, rays.height)
    var seen = [Bool](repeating: false, count: raw.count)
    var body: [Int] = []
    for start in raw.indices where raw[start] == 0 && !seen[start] {
      body.removeAll(keepingCapacity: true)
      body.append(start)
      seen[start] = true
      var (next, subject, other) = (0, 0, 0)
      while next < body.count {
        let i = body[next]
        next += 1
        let (u, v) = (i % w, i / w)
        for (a, b) in [(u - 1, v), (u + 1, v), (u, v - 1), (u, v + 1)] {
          guard a >= 0, b >= 0, a < w, b < h else {
            other += 1
            continue
          }
          let j = b * w + a
          if raw[j] > 0 {
            if verdicts[j] == .subject { subject += 1 } else { other += 1 }
          } else if !seen[j] {
            seen[j] = true
            body.append(j)
          }
        }
      }
      guard body.count >= 64, subject < 2 * other + body.count / 16 else { continue }
      for i in body where plate.isOftenEmpty[i] && silhouette[i] > 3 { verdicts[i] = .empty }
    }
  }

  /// Subject pixels with enough support become surface observations.
  private func lift(
    _ raw: [Float], _ verdicts: [Verdict], _ frame: CameraFrame, _ sighting: inout Sighting
  ) {
    let smoothing = DepthSmoothing(sigma: configuration.smoothing)
    let colors = frame.color.flatMap {
      ColorLookup(image: $0, placed: placed, raw: raw, rays: rays)
    }
    let least = cosf(Float(configuration.largestIncidence) * .pi / 180)
    raw.withUnsafeBufferPointer { raw in
      guard let base = raw.baseAddress else { return }
      for i in raw.indices where verdicts[i] == .subject {
        guard isSupported(i, raw),
          let fit = smoothing.fit(
            i % rays.width, i / rays.width, depth: base, rays: rays, gate: gate(raw[i]))
        else { continue }
        // The fit may not leave what was measured.
        let z = abs(fit.z - raw[i]) < 4 * configuration.noise(raw[i]) + 0.004 ? fit.z : raw[i]
        sighting.depth[i] = z
        let along = rays.directions[i].normalized
        let incidence = -fit.normal.dot(along)
        let p = rays.point(i, z)
        guard incidence >= least, survey.box.contains(p) else { continue }
        if let floor = survey.floor, floor.height(p) < Float(configuration.floorHeight) { continue }
        sighting.surface.append(
          observation(i, z: z, p, fit.normal, incidence: incidence, colors: colors))
      }
    }
  }

  private func gate(_ z: Float) -> Float { 0.01 + 5 * configuration.noise(z) }

  private func isSupported(_ i: Int, _ raw: UnsafeBufferPointer<Float>) -> Bool {
    let (u, v) = (i % rays.width, i / rays.width)
    let z = raw[i]
    let near = Float(configuration.supportDepth) + 2 * configuration.noise(z)
    var (close, all) = (0, 0)
    for b in max(0, v - 2)...min(rays.height - 1, v + 2) {
      for a in max(0, u - 2)...min(rays.width - 1, u + 2) {
        all += 1
        let q = raw[b * rays.width + a]
        if q > 0, abs(q - z) < near { close += 1 }
      }
    }
    return Float(close) >= Float(configuration.support) * Float(all)
  }

  private func observation(
    _ i: Int, z: Float, _ p: SIMD3<Float>, _ normal: SIMD3<Float>, incidence: Float,
    colors: ColorLookup?
  ) -> SurfaceObservation {
    var o = SurfaceObservation()
    (o.x, o.y, o.z) = (p.x, p.y, p.z)
    let n = rays.rotate(normal)
    (o.nx, o.ny, o.nz) = (n.x, n.y, n.z)
    let ray = p - rays.origin
    o.range = ray.length
    let d = ray / o.range
    (o.dx, o.dy, o.dz) = (d.x, d.y, d.z)
    o.near = survey.box.interval(origin: rays.origin, direction: d)?.near ?? 0
    o.incidence = incidence
    o.sigma = configuration.noise(z) / max(incidence, 0.2)
    o.confidence = min(1, configuration.noise(1.5) / o.sigma)
    o.camera = UInt32(camera)
    if let rgb = colors?.color(z: z, direction: rays.directions[i]) {
      let even = (SIMD3<Float>(rgb) * colorFactor).rounded(.toNearestOrAwayFromZero)
        .clamped(lowerBound: .zero, upperBound: SIMD3(repeating: 255))
      (o.red, o.green, o.blue) = (UInt8(even.x), UInt8(even.y), UInt8(even.z))
      o.hasColor = 1
    }
    return o
  }

  /// Rays that cross the box without meeting the subject: all near the silhouette, some elsewhere.
  private func collectFree(_ depth: [Float], _ silhouette: [Float], _ result: inout Result) {
    for i in depth.indices where depth[i] < 0 {
      let distance = silhouette[i]
      guard distance > Float(configuration.freePixels) else { continue }
      let (u, v) = (i % rays.width, i / rays.width)
      guard
        distance <= Float(configuration.silhouetteBand) || (u + 3 * v) % 13 == 0
      else { continue }
      let ray = rays.point(i, 1) - rays.origin
      let stretch = ray.length
      guard let hit = survey.box.interval(origin: rays.origin, direction: ray / stretch) else {
        continue
      }
      let far = min(hit.far, (-depth[i] - Float(configuration.freeMargin)) * stretch)
      guard far > hit.near else { continue }
      result.freeRays.append(
        FreeRay(
          direction: ray / stretch, near: hit.near, far: far, silhouette: distance,
          camera: UInt32(camera)))
    }
  }
}
