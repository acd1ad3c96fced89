internal import Calibration
public import CaptureCore
internal import ClockEstimation
public import Foundation
internal import FrameSync
internal import RayObservations
internal import Recordings

/// A recording opened to be looked at.
public struct InspectedTake {
  let reader: any Recording
  let sets: [FrameSet]
  let sync: SyncReport
  /// When the cameras took their images.
  let times: [CameraTimes]
  private let calibration: RigCalibration?
  /// Where the calibration was found, for messages.
  private let calibrationPlace: String
  private let rig: RigDescription?
  private let clocks: [ClockEstimate]?
  private let configuration: JobConfiguration

  /// Opens a recording and puts its streams together.
  /// - Parameters:
  ///   - urls: The recording, or several of one rig.
  ///   - calibration: A calibration file; without it the recording's own is used, if it has one.
  ///   - rig: A rig file to compare with.
  ///   - configuration: How clocks are related, images put together, and the region is found.
  /// - Throws: ``CaptureError`` for a recording, calibration or rig that cannot be read.
  public init(
    _ urls: [URL], calibration: URL? = nil, rig: URL? = nil,
    configuration: JobConfiguration = JobConfiguration()
  ) throws(CaptureError) {
    let reader = try RecordingFormats.open(urls)
    self.reader = reader
    calibrationPlace = (calibration.map { [$0] } ?? urls).map(\.path).joined(separator: ", ")
    self.rig = if let rig { try RigDescription(file: rig) } else { nil }
    self.calibration =
      if let calibration { try CalibrationFile.read(calibration) } else { reader.calibration }
    let places = self.calibration.flatMap { try? place(reader.take, $0) }
    clocks = try reader.clocks(places, configuration.clocks)
    self.configuration = configuration
    times = reader.times(clocks)
    (sets, sync) = reader.synchronized(configuration.sync, clocks: clocks)
  }

  /// Opens one recording and puts its streams together.
  /// - Throws: as for several.
  public init(
    _ url: URL, calibration: URL? = nil, rig: URL? = nil,
    configuration: JobConfiguration = JobConfiguration()
  ) throws(CaptureError) {
    try self.init([url], calibration: calibration, rig: rig, configuration: configuration)
  }

  /// Reads the sampled images and draws the conclusions.
  /// - Throws: ``CaptureError`` when the calibration does not fit the take, or on request to stop.
  public func inspect(_ monitor: StageMonitor = .silent) throws(CaptureError) -> Inspection {
    let placed = try placed()
    var unreadable: [String] = []
    let sampled = sets.evenlySpread(Inspection.depthSets)
    let samples = try samples(of: sampled, &unreadable, monitor)
    var result = Inspection(
      name: reader.take.name, format: reader.format,
      framesPerSecond: reader.take.framesPerSecond, calibratedRig: calibration?.rig,
      cameras: zip(reader.take.cameras, samples).map { Inspection.Camera($0, $1) },
      sync: sync, sampledSets: sampled.count, unreadable: unreadable,
      warnings: reader.warnings + sync.warnings)
    result.warnings += rig?.differences(from: reader.take) ?? []
    let lost = try placed.flatMap { placed throws(CaptureError) in
      try findRegion(placed, &result, monitor)
    }
    let misplaced = try misplaced(placed, monitor)
    let rules = FindingRules(take: reader.take, sync: sync, images: samples.map(\.figures))
    result.findings = (lost.map { [$0] } ?? []) + rules.findings() + misplaced
    if placed == nil {
      result.findings.append(
        Inspection.Finding(
          verdict: .usable, camera: nil, what: "Where the cameras stand is not known.",
          remedy: "Name a calibration of the rig with --calibration; 'run' needs one."))
    }
    return result
  }

  /// Cameras whose serial numbers the rig knows by other names; where numbers tell nothing, those that do
  /// not stand where the calibration says.
  private func misplaced(
    _ placed: OpenTake?, _ monitor: StageMonitor
  ) throws(CaptureError) -> [Inspection.Finding] {
    let renamed = rig?.renamed(in: reader.take) ?? []
    if renamed.isEmpty, let placed {
      return try CalibrationLook(
        take: placed, sets: sets, clocks: clocks, configuration: configuration, threads: nil
      ).findings(isCancelled: monitor.isCancelled)
    }
    return renamed.map {
      Inspection.Finding(
        verdict: .broken, camera: $0.id,
        what: "Camera \($0.id) has the serial number of the rig's camera \($0.rigID).",
        remedy: "Cameras were swapped: rename them, or calibrate again.")
    }
  }

  /// The recording with its cameras in their places; nil without a calibration.
  private func placed() throws(CaptureError) -> OpenTake? {
    try calibration.map { calibration throws(CaptureError) in
      try OpenTake(reader, calibration, at: calibrationPlace)
    }
  }

  /// What was measured of one camera's sampled images.
  fileprivate struct Samples {
    var histogram = DepthHistogram()
    var figures = CameraFigures()
  }

  /// Reads the images of the sets, and of each stream the image after, which must be another one.
  private func samples(
    of sets: [FrameSet], _ unreadable: inout [String], _ monitor: StageMonitor
  ) throws(CaptureError) -> [Samples] {
    var samples = [Samples](repeating: Samples(), count: reader.take.cameras.count)
    for (number, set) in sets.enumerated() {
      try monitor.checkCancelled()
      monitor.report(number, sets.count, "")
      for (camera, entry) in set.entries.enumerated() {
        if let index = entry.depth,
          let image = read(
            &samples[camera].figures.depth, &unreadable,
            { () throws(CaptureError) in
              try reader.depth(camera: camera, index: index)
            })
        {
          samples[camera].histogram.add(image)
          samples[camera].figures.depth.add(image)
          // The next image is not among the sampled: whether it can be read does not matter here.
          if let next = try? reader.depth(camera: camera, index: index + 1) {
            samples[camera].figures.depth.compare(next.samples == image.samples)
          }
        }
        if let index = entry.color,
          let image = read(
            &samples[camera].figures.color, &unreadable,
            { () throws(CaptureError) in
              try reader.color(camera: camera, index: index)
            })
        {
          samples[camera].figures.color.add(image)
          if let next = try? reader.color(camera: camera, index: index + 1) {
            samples[camera].figures.color.compare(next.pixels == image.pixels)
          }
        }
        if let index = entry.mask,
          let image = read(
            &samples[camera].figures.mask, &unreadable,
            { () throws(CaptureError) in
              try reader.mask(camera: camera, index: index)
            })
        {
          samples[camera].figures.mask.add(image)
        }
      }
    }
    for (camera, device) in reader.take.cameras.enumerated() {
      samples[camera].figures.count(samples[camera].histogram, of: device)
    }
    return samples
  }

  private func read<Image>(
    _ figures: inout ImageFigures, _ unreadable: inout [String],
    _ load: () throws(CaptureError) -> Image
  ) -> Image? {
    do { return try load() } catch {
      if error.code == .sizeMismatch { figures.misfits += 1 } else { figures.unreadable += 1 }
      unreadable.append("\(error)")
      return nil
    }
  }

  /// Looks for the region of interest; what keeps it from being found is a finding, as no run can begin.
  private func findRegion(
    _ placed: OpenTake, _ result: inout Inspection, _ monitor: StageMonitor
  ) throws(CaptureError) -> Inspection.Finding? {
    guard !sets.isEmpty else { return nil }
    var unreadable: [String] = []
    do {
      let found = try ObservationStage.region(
        cameras: placed.cameras, frames: sets, configuration: configuration.observations,
        load: { set throws(CaptureError) in depth(of: set, placed, &unreadable) }, monitor: monitor)
      result.region = Inspection.Region(
        box: found.box, floorHeight: found.floorHeight.map(Double.init))
      result.warnings += found.warnings
    } catch  where error.code == .badInput {
      return Inspection.Finding(
        verdict: .broken, camera: nil, what: "There is no region of interest: \(error.what)",
        remedy: error.remedy)
    }
    result.unreadable += unreadable.filter { !result.unreadable.contains($0) }
    return nil
  }

  /// The depth images of a set; those that cannot be read are left out, as in a run.
  private func depth(
    of set: FrameSet, _ placed: OpenTake, _ unreadable: inout [String]
  ) -> [CameraFrame] {
    set.entries.enumerated().map { camera, entry in
      var image: DepthImage?
      if let index = entry.depth {
        do { image = try placed.depth(camera: camera, index: index) } catch {
          unreadable.append("\(error)")
        }
      }
      return CameraFrame(depth: image, color: nil)
    }
  }
}

extension Inspection.Camera {
  fileprivate init(_ camera: CameraDescription, _ samples: InspectedTake.Samples) {
    (id, model, serial, sync) = (camera.id, camera.model, camera.serial, camera.sync)
    (color, depth, range) = (camera.color, camera.depth, camera.depthRange)
    let steps = [0.01, 0.5, 0.99].compactMap { samples.histogram.percentile($0) }
    percentiles = steps.isEmpty ? nil : steps.map { Double($0) * camera.depthUnit }
    holes = samples.figures.measuredShare.map { 1 - $0 }
    outOfRange = samples.figures.outsideShare
  }
}
