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

  /// Opens a recording and puts its streams together.
  /// - Parameters:
  ///   - urls: The recording, or several of one rig.
  ///   - calibration: A calibration file; without it the recording's own is used, if it has one.
  ///   - rig: A rig file to compare with.
  ///   - configuration: How clocks are related and images put together.
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
    let clocks = try reader.clocks(places, configuration.clocks)
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

  /// Up to `count` frame sets, spread evenly.
  func spread(_ count: Int) -> [FrameSet] {
    let count = min(count, sets.count)
    return (0..<count).map { sets[$0 * sets.count / count] }
  }

  /// Reads the sampled images and draws the conclusions.
  /// - Throws: ``CaptureError`` when the calibration does not fit the take, or on request to stop.
  public func inspect(_ monitor: StageMonitor = .silent) throws(CaptureError) -> Inspection {
    let placed = try placed()
    var unreadable: [String] = []
    let sampled = spread(Inspection.depthSets)
    let histograms = try histograms(of: sampled, &unreadable, monitor)
    var result = Inspection(
      name: reader.take.name, format: reader.format,
      framesPerSecond: reader.take.framesPerSecond, calibratedRig: calibration?.rig,
      cameras: zip(reader.take.cameras, histograms).map(Inspection.Camera.init), sync: sync,
      sampledSets: sampled.count, unreadable: unreadable, warnings: reader.warnings + sync.warnings)
    result.warnings += rig?.differences(from: reader.take) ?? []
    if let placed { try findRegion(placed, &result, monitor) }
    return result
  }

  /// The cameras in their places; nil without a calibration.
  private func placed() throws(CaptureError) -> [PlacedCamera]? {
    guard let calibration else { return nil }
    do { return try place(reader.take, calibration) } catch { throw error.within(calibrationPlace) }
  }

  private func histograms(
    of sets: [FrameSet], _ unreadable: inout [String], _ monitor: StageMonitor
  ) throws(CaptureError) -> [DepthHistogram] {
    var histograms = [DepthHistogram](repeating: DepthHistogram(), count: reader.take.cameras.count)
    for (number, set) in sets.enumerated() {
      try monitor.checkCancelled()
      monitor.report(number, sets.count, "")
      for (camera, entry) in set.entries.enumerated() {
        guard let index = entry.depth else { continue }
        do {
          histograms[camera].add(try reader.depth(camera: camera, index: index))
        } catch { unreadable.append("\(error)") }
        guard let index = entry.color else { continue }
        do {
          _ = try reader.color(camera: camera, index: index)
        } catch { unreadable.append("\(error)") }
      }
    }
    return histograms
  }

  private func findRegion(
    _ placed: [PlacedCamera], _ result: inout Inspection, _ monitor: StageMonitor
  ) throws(CaptureError) {
    guard !sets.isEmpty else { return }
    var unreadable: [String] = []
    do {
      let found = try ObservationStage.region(
        cameras: placed, frames: sets,
        load: { set throws(CaptureError) in depth(of: set, &unreadable) }, monitor: monitor)
      result.region = Inspection.Region(
        box: found.box, floorHeight: found.floorHeight.map(Double.init))
      result.warnings += found.warnings
    } catch  where error.code == .badInput {
      // Finding no region is a finding; the rest of the inspection stands.
      result.warnings.append("There is no region of interest: \(error)")
    }
    result.unreadable += unreadable.filter { !result.unreadable.contains($0) }
  }

  /// The depth images of a set; those that cannot be read are left out, as in a run.
  private func depth(of set: FrameSet, _ unreadable: inout [String]) -> [CameraFrame] {
    set.entries.enumerated().map { camera, entry in
      var image: DepthImage?
      if let index = entry.depth {
        do { image = try reader.depth(camera: camera, index: index) } catch {
          unreadable.append("\(error)")
        }
      }
      return CameraFrame(depth: image, color: nil)
    }
  }
}

extension Inspection.Camera {
  fileprivate init(_ camera: CameraDescription, _ histogram: DepthHistogram) {
    (id, model, serial, sync) = (camera.id, camera.model, camera.serial, camera.sync)
    (color, depth, range) = (camera.color, camera.depth, camera.depthRange)
    let (pixels, measured) = (histogram.pixels, histogram.measured)
    let steps = [0.01, 0.5, 0.99].compactMap { histogram.percentile($0) }
    percentiles = steps.isEmpty ? nil : steps.map { Double($0) * camera.depthUnit }
    holes = pixels > 0 ? Double(pixels - measured) / Double(pixels) : nil
    outOfRange =
      measured > 0
      ? Double(histogram.outside(camera.depthRange, unit: camera.depthUnit)) / Double(measured)
      : nil
  }
}
