internal import Calibration
public import CaptureCore
internal import ClockEstimation
internal import DepthAlignment
internal import Foundation
internal import FrameSync
internal import Recordings

/// A recording whose cameras are to be placed by their depth: `fieldmesh align`.
public struct TakeAlignment: Sendable {
  let reader: any Recording
  /// Where the cameras stand as far as anybody says; nil when nobody does.
  let start: RigCalibration?
  let configuration: JobConfiguration
  let threads: Int?
  /// Whether what is drawn on surfaces is looked at beside their shape.
  let usesColor: Bool
  /// The cameras in the take's order, with what the start's calibration found out about their lenses.
  let devices: [CameraDescription]
  private let unreadable = UnreadableImages()
  /// What depth is corrected by, one a camera.
  private let biases: [DepthBias]

  /// Opens a recording.
  /// - Parameters:
  ///   - source: The recording, and the calibration to start from, unless it is the recording's own.
  ///   - fromNothing: Whether every calibration is ignored.
  ///   - usesColor: Whether what is drawn on surfaces counts beside their shape.
  ///   - configuration: How clocks are related.
  /// - Throws: ``CaptureError`` for a recording or a calibration that cannot be read, or that are
  ///   not of one rig.
  public init(
    _ source: TakeSource, fromNothing: Bool = false, usesColor: Bool = true,
    configuration: JobConfiguration = JobConfiguration(), threads: Int? = nil
  ) throws(CaptureError) {
    reader = try RecordingFormats.open(source.takes)
    (self.configuration, self.threads, self.usesColor) = (configuration, threads, usesColor)
    if fromNothing {
      start = nil
    } else if let file = source.calibration {
      start = try CalibrationFile.read(file)
    } else {
      start = reader.calibration
    }
    biases = reader.take.cameras.map { [start] in start?.depthBias(of: $0.id) ?? .none }
    guard let start else {
      devices = reader.take.cameras
      return
    }
    do {
      devices = try place(reader.take, start).map(\.description)
    } catch {
      throw error.within(source.calibration?.path ?? source.place)
    }
  }

  /// A recording that is open, with its cameras in their places.
  init(_ take: OpenTake, configuration: JobConfiguration, threads: Int?) {
    (reader, start, devices, biases) = (
      take.reader, nil, take.cameras.map(\.description), take.biases
    )
    (self.configuration, self.threads, usesColor) = (configuration, threads, true)
  }

  /// A depth image without its sensor's bias.
  func depth(camera: Int, index: Int) throws(CaptureError) -> DepthImage {
    try reader.depth(
      camera: camera, index: index, of: devices[camera], without: biases[camera])
  }

  /// The cameras as the alignment sees them.
  ///
  /// - Parameter leastDeviation: Clocks are held to be no better known than that, seconds.
  func cameras(
    _ places: [RigidTransform], _ clocks: [ClockEstimate]?, leastDeviation: Double
  ) -> [AlignmentCamera] {
    var next = 0
    return reader.times(clocks).enumerated().map { camera, times in
      let depth = times.rigTimes(.depth)
      let order = depth.indices.sorted { (depth[$0], $0) < (depth[$1], $1) }
      var (clock, deviation) = (0, 0.0)
      if let estimate = clocks?[camera], estimate.source != .shared {
        next += 1
        clock = next
        deviation = max(leastDeviation, Self.deviation(of: estimate))
      }
      return AlignmentCamera(
        description: devices[camera], worldFromColor: places[camera],
        times: order.map { depth[$0] }, indices: order, clock: clock, clockDeviation: deviation)
    }
  }

  /// How well a clock is known, seconds: where nothing tells, recorded times are taken to be good to
  /// a frame or two, starts to a second.
  private static func deviation(of estimate: ClockEstimate) -> Double {
    estimate.offsetDeviation ?? (estimate.source == .starts ? 1 : 0.05)
  }

  /// An aligner for the recording, which warns of images that it cannot read and goes on without them.
  ///
  /// - Parameter isColored: Whether it looks at colour, if the alignment may.
  func aligner(
    _ cameras: [AlignmentCamera], reference: Int, _ configuration: AlignmentConfiguration,
    isColored: Bool = false, _ monitor: StageMonitor
  ) throws(CaptureError) -> DepthAligner {
    let (reader, unreadable) = (reader, unreadable)
    var color: (@Sendable (Int, Int) -> ColorImage?)?
    if isColored && usesColor {
      let companions = reader.take.cameras.indices.map { self.companions(of: $0) }
      color = { camera, index in
        companions[camera][index].flatMap { index in
          unreadable.value(camera, .color, index) { () throws(CaptureError) in
            try reader.color(camera: camera, index: index)
          }
        }
      }
    }
    defer { unreadable.warn(monitor) }
    return try DepthAligner(
      cameras, reference: reference, configuration: configuration, threads: threads,
      monitor: monitor,
      load: { camera, index in
        unreadable.value(camera, .depth, index) { () throws(CaptureError) in
          try depth(camera: camera, index: index)
        }
      }, color: color)
  }

  /// For each depth image of a camera the colour image nearest in time, within half of a frame.
  private func companions(of camera: Int) -> [Int?] {
    let colors = reader.samples(camera: camera, kind: .color).map(\.time)
    let order = colors.indices.sorted { (colors[$0], $0) < (colors[$1], $1) }
    let sorted = order.map { colors[$0] }
    let reach = 0.5 / reader.take.framesPerSecond
    return reader.samples(camera: camera, kind: .depth).map { sample in
      sorted.nearest(to: sample.time, within: reach).map { order[$0] }
    }
  }
}
