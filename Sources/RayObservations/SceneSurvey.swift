internal import CaptureCore

/// What a few frames, spread over the take, tell about the scene: background, floor, region of interest.
struct SceneSurvey: Sendable {
  /// The far mode of one camera's pixels over time.
  struct Plate: Sendable {
    /// z-depth of the background, metres; 0 where none was measured often enough.
    var depth: [Float]
    /// Pixels that often return nothing: open space, if anything else speaks for it.
    var isOftenEmpty: [Bool]
  }

  var plates: [Plate?]
  var floor: FloorPlane?
  /// Around the subject, without any margin.
  var subject: BoundingBox
  /// Region of interest.
  var box: BoundingBox
  var warnings: [String] = []
}

/// `y = a x + b z + c`, nearly level.
struct FloorPlane: Sendable {
  var a, b, c: Float

  /// Height of a point above the plane, metres (the plane is level to a few degrees).
  func height(_ p: SIMD3<Float>) -> Float { p.y - (a * p.x + b * p.z + c) }

  /// Where the floor is lowest under a box, world metres.
  func lowest(under box: BoundingBox) -> Float {
    c + min(a * box.lower.x, a * box.upper.x) + min(b * box.lower.z, b * box.upper.z)
  }
}

/// Gathers depth of the surveyed frames and draws the conclusions.
struct SceneSurveyor {
  private let rays: [CameraRays?]
  private let configuration: ObservationConfiguration
  private let ranges: [ClosedRange<Float>]
  /// By camera, then frame, as recorded; 0 beyond the camera's range and where the lens has no ray.
  private var recorded: [[DepthImage]]

  init(_ rays: [CameraRays?], ranges: [ClosedRange<Float>], _ c: ObservationConfiguration) {
    (self.rays, self.ranges, configuration) = (rays, ranges, c)
    recorded = rays.map { _ in [] }
  }

  mutating func add(_ frame: [CameraFrame]) {
    for (c, image) in frame.enumerated() {
      guard var depth = image.depth, let rays = rays[c],
        let known = rays.depth(depth, within: 0...ranges[c].upperBound)
      else { continue }
      for i in known.indices where known[i] == 0 { depth.samples[i] = 0 }
      recorded[c].append(depth)
    }
  }

  func conclude() throws(CaptureError) -> SceneSurvey {
    let plates = rays.indices.map { plate($0) }
    guard recorded.contains(where: { !$0.isEmpty }) else {
      throw CaptureError(.badInput, "No camera has any depth image.")
    }
    let samples = points(plates)
    guard !samples.isEmpty else {
      throw CaptureError(
        .badInput, "No depth image holds a measurement within its camera's range.",
        remedy: "Look at the take with `fieldmesh inspect --picture`.")
    }
    let floor = configuration.cutFloor ? Self.floor(samples) : nil
    var survey = SceneSurvey(
      plates: plates, floor: floor, subject: .empty, box: .empty)
    if let b = configuration.box {
      let lower = SIMD3(Float(b[0]), Float(b[1]), Float(b[2]))
      survey.box = BoundingBox(lower: lower, upper: SIMD3(Float(b[3]), Float(b[4]), Float(b[5])))
      survey.subject = survey.box
      return survey
    }
    let found = SubjectFinder(samples: samples, floor: floor).find()
    guard let subject = found.box else {
      throw CaptureError(
        .badInput, "No region is seen by two cameras, and nothing moves.",
        at: "observations.box",
        remedy: "Check the calibration with `fieldmesh inspect`, or set the box by hand.")
    }
    survey.warnings = found.warnings
    survey.subject = subject
    survey.box = subject.expanded(by: Float(configuration.boxMargin))
    // The surface is closed where it meets the floor, not below it.
    if let floor {
      let lowest = floor.lowest(under: survey.box)
      if survey.subject.lower.y - lowest < 0.15 {
        survey.subject.lower.y = lowest
        survey.box.lower.y = lowest
      }
    }
    return survey
  }

  /// The farthest depth that a sixth of the frames agree on, and where nothing returns.
  private func plate(_ c: Int) -> SceneSurvey.Plate? {
    guard let rays = rays[c], !recorded[c].isEmpty else { return nil }
    let frames = recorded[c]
    var result = SceneSurvey.Plate(
      depth: .init(repeating: 0, count: rays.width * rays.height),
      isOftenEmpty: .init(repeating: false, count: rays.width * rays.height))
    var values: [Float] = []
    for pixel in result.depth.indices {
      values.removeAll(keepingCapacity: true)
      for frame in frames where frame.samples[pixel] > 0 {
        values.append(Float(frame.samples[pixel]) * frame.unit)
      }
      result.isOftenEmpty[pixel] =
        rays.directions[pixel].x.isFinite && frames.count >= 3
        && Float(frames.count - values.count) >= 0.3 * Float(frames.count)
      guard values.count >= 2 else { continue }
      values.sort(by: >)
      let needed = max(2, (frames.count + 5) / 6)
      for i in 0..<max(0, values.count - needed + 1) {
        let near = values[i + needed - 1]
        if values[i] - near < 6 * configuration.noise(near) + 0.01 {
          result.depth[pixel] = (values[i] + near) / 2
          break
        }
      }
    }
    return result
  }

  /// A sample of the depth pixels as world points, and what speaks for them.
  private func points(_ plates: [SceneSurvey.Plate?]) -> [SurveyPoint] {
    var result: [SurveyPoint] = []
    let total = recorded.enumerated().reduce(0) { $0 + $1.element.count * pixels($1.offset) }
    let step = max(1, total / 600_000)
    for c in rays.indices {
      guard let r = rays[c], let plate = plates[c] else { continue }
      for (f, frame) in recorded[c].enumerated() {
        for pixel in stride(from: (f * 7919) % step, to: frame.samples.count, by: step) {
          let z = Float(frame.samples[pixel]) * frame.unit
          guard ranges[c].contains(z) else { continue }
          let behind = plate.depth[pixel]
          let stands =
            behind > 0
            ? z < behind - max(0.05, 8 * configuration.noise(behind)) : plate.isOftenEmpty[pixel]
          let p = r.point(pixel, z)
          result.append(SurveyPoint(position: p, moves: stands, views: UInt8(views(p))))
        }
      }
    }
    return result
  }

  private func pixels(_ c: Int) -> Int { rays[c].map { $0.width * $0.height } ?? 0 }

  private func views(_ p: SIMD3<Float>) -> Int {
    var count = 0
    for (c, r) in rays.enumerated() where count < 255 {
      if let r, let hit = r.pixel(p), ranges[c].contains(hit.z) { count += 1 }
    }
    return count
  }

  /// The plane that a quarter of the low points lie on, over half a metre wide; nil when there is none.
  static func floor(_ samples: [SurveyPoint]) -> FloorPlane? {
    let low = samples.lazy.map(\.position).filter { abs($0.y) < 0.25 }
    let points = Array(low)
    guard points.count >= 500 else { return nil }
    // The world says where the floor is: what lies below it there was mirrored.
    var finder = FloorFinder(up: SIMD3(0, 1, 0), largestTilt: 0.14, leastShare: 0.25)
    (finder.leastExtent, finder.mostBelow) = (0.5, 1)
    return finder.find(in: points).map { plane in
      let n = plane.normal
      return FloorPlane(a: Float(-n.x / n.y), b: Float(-n.z / n.y), c: Float(plane.offset / n.y))
    }
  }
}
