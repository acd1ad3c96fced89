public import CaptureCore
public import Foundation

/// What the stage did, for the manifest and the report.
public struct ObservationReport: Codable, Equatable, Sendable {
  /// One frame set.
  public struct Frame: Codable, Equatable, Sendable {
    /// Time of the set, seconds.
    public var time: Double
    /// Surface observations and free rays.
    public var surface, freeRays: Int
    /// By camera: when its images were taken.
    public var timings: [ObservationTiming]

    init(_ set: FrameSet, surface: Int, freeRays: Int) {
      (time, self.surface, self.freeRays) = (set.time, surface, freeRays)
      timings = set.entries.map { ObservationTiming(depth: $0.error, color: $0.colorError) }
    }
  }
  /// Region of interest, world metres.
  public var box: BoundingBox
  /// Height of the floor where it is lowest under the region, world metres; nil where none was found.
  public var floorHeight: Float?
  /// By camera: what its red, green and blue were multiplied by to match the others'.
  public var colorFactors: [SIMD3<Float>]
  /// One entry a frame set.
  public var frames: [Frame]
  /// What the user should know.
  public var warnings: [String]
}

/// The scene as the cache records it.
struct ObservationIndex: Codable {
  static let name = "observations.json"

  /// 2 added the cells that nobody saw through, 3 the cameras' own times, 4 what was carried along in place
  /// of missing images, 5 the average over time, 6 hollows, 7 what goes on outside them, 8 tells shadows from
  /// hollows by their roof.
  static let version = 8

  var version = Self.version
  var cameras: [PlacedCamera]
  var freeMargin: Float
  var freePixels: Int
  /// Edge of the cells of hidden space, metres.
  var hiddenCell: Float
  var report: ObservationReport

  static func file(_ frame: Int) -> String {
    "frame_\(frame.padded(to: 6)).obs"
  }
}

/// Turns frame sets into observations on disk, frame by frame.
public enum ObservationStage {
  /// Surveys the take, then writes one file a frame set and the index last.
  ///
  /// - Parameters:
  ///   - cameras: The placed cameras, in the order of the images that `load` returns.
  ///   - frames: The frame sets.
  ///   - load: Decodes one set; images that cannot be had are nil. Called from one thread at a time.
  ///   - folder: Where the files go; it is made when missing.
  ///   - resumes: Whether files that are there and whole are kept: they must be of these images and settings.
  ///   - threads: How many work at a time; nil for one a core. The files do not depend on it.
  /// - Returns: Box, floor and counts.
  /// - Throws: ``CaptureError`` `badInput` when nothing can be seen, and what `load` throws.
  /// - Complexity: O(pixels) a frame; memory for a few frames and the survey.
  public static func build(
    cameras: [PlacedCamera], frames: [FrameSet],
    load: (FrameSet) throws(CaptureError) -> [CameraFrame],
    configuration: ObservationConfiguration, folder: URL, resumes: Bool = false,
    threads: Int? = nil, monitor: StageMonitor = .silent
  ) throws(CaptureError) -> ObservationReport {
    try configuration.validate()
    guard !frames.isEmpty else {
      throw CaptureError(.badInput, "The take has no frame set with depth.")
    }
    var (observers, survey) = try observers(cameras, frames, load, configuration, monitor)
    let rays = observers.map { $0?.rays }
    let factors = try colorFactors(observers, frames, load, configuration, threads, monitor)
    for c in observers.indices { observers[c]?.colorFactor = factors[c] }
    let warnings = survey.warnings + ColorBalance.warnings(factors, cameras)
    for warning in warnings { monitor.warn(warning) }
    var points = [Int](repeating: 0, count: cameras.count)
    var report = ObservationReport(
      box: survey.box, floorHeight: survey.floor?.lowest(under: survey.box), colorFactors: factors,
      frames: [], warnings: warnings)
    try AtomicFile.makeFolder(folder)
    let sizes = rays.map { (width: $0?.width ?? 0, height: $0?.height ?? 0) }
    let hiddenCell = hiddenCell(rays, survey.box, configuration)
    let hiddenSpace = HiddenSpace(
      box: survey.box, edge: hiddenCell, opening: Float(configuration.opening))
    var window = SightingWindow(
      observers, frames, ahead: framesAtOnce, threads: threads, configuration)
    let average = TemporalAverage(radius: Float(configuration.averageRadius), threads: threads)
    let reader = ObservationFile.Reader(
      rays: rays, margin: (Float(configuration.freeMargin), configuration.freePixels),
      hiddenSpace: hiddenSpace)
    // Images come one set after the other; motions and what is hidden are worked out for a few sets at a time.
    for first in stride(from: 0, to: frames.count, by: framesAtOnce) {
      let sets = frames[first..<min(first + framesAtOnce, frames.count)]
      let files = sets.indices.map { folder.appendingPathComponent(ObservationIndex.file($0)) }
      let known = resumes ? files.compactMap { try? reader.frame($0) } : []
      if known.count == sets.count {
        for observation in known.lazy.flatMap(\.surface) { points[Int(observation.camera)] += 1 }
        report.frames += zip(sets, known).map { set, frame in
          .init(set, surface: frame.surface.count, freeRays: frame.freeRays.count)
        }
        continue
      }
      var seen: [[CameraObserver.Result?]] = []
      var bridges: [[DropBridge]] = []
      try monitor.checkCancelled()
      try window.prepare(sets.indices, load)
      for number in sets.indices {
        try monitor.checkCancelled()
        monitor.report(number, frames.count, "")
        let sightings = try window.sightings(number, load)
        let missing = try bridge(number, frames, observers, configuration, threads) {
          number throws(CaptureError) in
          try window.sightings(number, load)
        }
        var results = conclude(sightings, missing, observers, threads)
        let around = try window.carried(to: number, load)
        for c in results.indices where sightings[c] != nil {
          results[c]?.surface = average.refined(
            sightings[c]?.surface ?? [], with: beside(c, around))
        }
        seen.append(results)
        bridges.append(missing)
      }
      let hidden = hiddenCells(seen, bridges, rays, hiddenSpace, configuration, threads)
      for (k, set) in sets.enumerated() {
        try ObservationFile.write(
          seen[k], sizes: sizes, hidden: hidden[k], to: files[k])
        let counts = seen[k].reduce((0, 0)) {
          ($0.0 + ($1?.surface.count ?? 0), $0.1 + ($1?.freeRays.count ?? 0))
        }
        report.frames.append(.init(set, surface: counts.0, freeRays: counts.1))
        for (c, result) in seen[k].enumerated() { points[c] += result?.surface.count ?? 0 }
      }
    }
    monitor.report(frames.count, frames.count, "")
    guard report.frames.contains(where: { $0.surface > 0 }) else {
      let isMasked = frames.contains { $0.entries.contains { $0.mask != nil } }
      throw CaptureError(
        .badInput, "No depth pixel shows a subject inside the region of interest.",
        at: "observations.box",
        remedy: isMasked
          ? "Check with 'fieldmesh inspect' that the masks show the subject; else set the box by hand, or check the calibration."
          : "Set the box by hand, or check the calibration.")
    }
    for warning in idle(cameras, frames, points) {
      report.warnings.append(warning)
      monitor.warn(warning)
    }
    let index = ObservationIndex(
      cameras: cameras, freeMargin: Float(configuration.freeMargin),
      freePixels: configuration.freePixels, hiddenCell: hiddenCell,
      report: report)
    try AtomicFile.writeJSON(index, to: folder.appendingPathComponent(ObservationIndex.name))
    return report
  }

  /// What is averaged with what a camera saw in a set: in turn what it saw in each set around, carried, and what the
  /// others saw then.
  private static func beside(
    _ camera: Int, _ around: [[[SurfaceObservation]]]
  ) -> [[SurfaceObservation]] {
    around.flatMap { seen in
      [seen[camera], seen.indices.lazy.filter { $0 != camera }.flatMap { seen[$0] }]
    }
  }

  /// What to tell of cameras that recorded depth and show nothing of the subject.
  private static func idle(
    _ cameras: [PlacedCamera], _ frames: [FrameSet], _ points: [Int]
  ) -> [String] {
    cameras.indices.compactMap { c in
      guard points[c] == 0, frames.contains(where: { $0.entries[c].depth != nil }) else {
        return nil
      }
      let camera = cameras[c].description
      let masks = frames.contains { $0.entries[c].mask != nil } ? "its masks, " : ""
      return
        "Camera \(camera.id) shows nothing of the subject: check \(masks)its place, and whether its depths lie between \(camera.depthRange.lowerBound) and \(camera.depthRange.upperBound) m in the take's unit, with 'fieldmesh inspect'."
    }
  }

  /// Frame sets of which colours are compared.
  private static let colorFrames = 6

  /// What each camera's colours are to be multiplied by.
  private static func colorFactors(
    _ observers: [CameraObserver?], _ frames: [FrameSet],
    _ load: (FrameSet) throws(CaptureError) -> [CameraFrame],
    _ configuration: ObservationConfiguration, _ threads: Int?, _ monitor: StageMonitor
  ) throws(CaptureError) -> [SIMD3<Float>] {
    var balance = ColorBalance(cameras: observers.count)
    let colored = observers.count { $0?.placed.description.color != nil }
    if configuration.balanceColors, colored > 1 {
      for set in frames.evenlySpread(colorFrames) {
        try monitor.checkCancelled()
        let images = try load(set)
        balance.add(
          concurrentValues(observers.count, threads: threads) {
            observers[$0]?.observe(images[$0])
          },
          observers.map { $0?.rays })
      }
    }
    return balance.factors()
  }

  /// Cells no finer than what the nearest camera's pixels tell apart.
  private static func hiddenCell(
    _ rays: [CameraRays?], _ box: BoundingBox, _ configuration: ObservationConfiguration
  ) -> Float {
    let pixels = rays.compactMap { $0.map { ($0.origin - box.center).length / $0.focal } }
    return max(Float(configuration.hiddenCell), 1.3 * (pixels.min() ?? 0))
  }

  /// Sets whose motions and hidden space are worked out at a time: bounds the memory, about 50 MB each.
  private static let framesAtOnce = 4

  /// What each camera's images say beside what the others saw, or probably did.
  private static func conclude(
    _ sightings: [CameraObserver.Sighting?], _ bridges: [DropBridge],
    _ observers: [CameraObserver?], _ threads: Int?
  ) -> [CameraObserver.Result?] {
    concurrentValues(observers.count, threads: threads) { c in
      guard let own = sightings[c] else {
        guard let bridge = bridges.first(where: { $0.camera == c }) else { return nil }
        let others = zip(observers, sightings).compactMap { observer, sighting in
          observer.flatMap { o in sighting.map { (o.rays, $0) } }
        }
        return CameraObserver.Result(surface: bridge.surface(unseenBy: others))
      }
      let others = sightings.indices.filter { $0 != c }.compactMap { sightings[$0]?.surface }
      return observers[c]?.conclude(own, beside: others + bridges.map(\.surface))
    }
  }

  /// What cameras without depth in a set probably saw; `sighted` says what all saw in a set.
  private static func bridge(
    _ number: Int, _ frames: [FrameSet], _ observers: [CameraObserver?],
    _ configuration: ObservationConfiguration, _ threads: Int?,
    _ sighted: (Int) throws(CaptureError) -> [CameraObserver.Sighting?]
  ) throws(CaptureError) -> [DropBridge] {
    var bridges: [DropBridge] = []
    let sightings = try sighted(number)
    for (c, observer) in observers.enumerated() where sightings[c] == nil {
      guard let observer,
        let (first, second, share) = DropBridge.sets(
          around: number, camera: c, frames, reach: configuration.bridge)
      else { continue }
      let distance = (observer.survey.box.center - observer.rays.origin).length
      let bridge = DropBridge(
        (first: try sighted(first), second: try sighted(second)), now: sightings, share: share,
        camera: c, rays: observer.rays, distance: distance, threads: threads)
      if let bridge { bridges.append(bridge) }
    }
    return bridges
  }

  /// Packed cells of hidden space, one list a set.
  private static func hiddenCells(
    _ sets: [[CameraObserver.Result?]], _ bridges: [[DropBridge]], _ rays: [CameraRays?],
    _ space: HiddenSpace, _ configuration: ObservationConfiguration, _ threads: Int?
  ) -> [[UInt32]] {
    concurrentValues(sets.count, threads: threads) { k in
      func free(margin: Double, pixels: Int) -> [FreeDepth?] {
        zip(sets[k], rays).map { result, rays in
          guard let result, let rays, !result.depth.isEmpty else { return nil }
          return result.depth.withUnsafeBufferPointer {
            FreeDepth(
              ObservedDepth(width: rays.width, height: rays.height, samples: $0), rays: rays,
              margin: Float(margin), pixels: pixels)
          }
        }
      }
      let bridged = bridges[k].map { bridge in
        bridge.depth.withUnsafeBufferPointer {
          FreeDepth(
            ObservedDepth(width: bridge.rays.width, height: bridge.rays.height, samples: $0),
            rays: bridge.rays, margin: 0, pixels: 0)
        }
      }
      return space.cells(
        surface: sets[k].flatMap { $0?.surface ?? [] } + bridges[k].flatMap(\.surface),
        sure: free(margin: configuration.freeMargin, pixels: configuration.freePixels)
          .compactMap { $0 },
        likely: free(margin: 0, pixels: 0), bridged: bridged)
    }
  }

  /// One observer a camera, nil without depth, by a survey of the take.
  static func observers(
    _ cameras: [PlacedCamera], _ frames: [FrameSet],
    _ load: (FrameSet) throws(CaptureError) -> [CameraFrame],
    _ configuration: ObservationConfiguration, _ monitor: StageMonitor
  ) throws(CaptureError) -> ([CameraObserver?], SceneSurvey) {
    let rays = rays(cameras)
    let ranges = cameras.map { range($0, configuration) }
    let survey = try survey(rays, ranges, frames, load, configuration, monitor)
    let observers = cameras.indices.map { c in
      rays[c].map {
        CameraObserver(
          camera: c, rays: $0, placed: cameras[c], range: ranges[c], survey: survey,
          configuration: configuration)
      }
    }
    return (observers, survey)
  }

  static func rays(_ cameras: [PlacedCamera]) -> [CameraRays?] {
    cameras.map { camera in
      camera.description.depth.map { CameraRays($0, worldFromDepth: camera.worldFromDepth) }
    }
  }

  static func range(
    _ camera: PlacedCamera, _ configuration: ObservationConfiguration
  ) -> ClosedRange<Float> {
    let own = camera.description.depthRange
    let near = max(own.lowerBound, configuration.nearest)
    return Float(near)...Float(max(near, min(own.upperBound, configuration.farthest)))
  }

  static func survey(
    _ rays: [CameraRays?], _ ranges: [ClosedRange<Float>], _ frames: [FrameSet],
    _ load: (FrameSet) throws(CaptureError) -> [CameraFrame],
    _ configuration: ObservationConfiguration, _ monitor: StageMonitor
  ) throws(CaptureError) -> SceneSurvey {
    var surveyor = SceneSurveyor(rays, ranges: ranges, configuration)
    for var set in frames.evenlySpread(configuration.surveyFrames) {
      try monitor.checkCancelled()
      for c in set.entries.indices { (set.entries[c].color, set.entries[c].mask) = (nil, nil) }
      surveyor.add(try load(set))
    }
    return try surveyor.conclude()
  }
}
