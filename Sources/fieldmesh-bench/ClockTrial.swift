internal import Calibration
internal import CaptureCore
internal import ClockEstimation
internal import Foundation
internal import Recordings
internal import Synchronization
internal import SyntheticRigs

/// A recording of which the clocks are known.
protocol ClockTrial: Sendable {
  /// What the lines of the trial are marked with.
  var name: String { get }
  /// The cameras as the estimation sees them.
  var cameras: [ClockCamera] { get }
  /// Decodes or renders a depth image.
  func depth(camera: Int, index: Int) -> DepthImage?
  /// What a camera's clock shows more than another's, and gains on it, when it shows a time.
  func truth(camera: Int, lead: Int, at time: Double) -> (offset: Double, rate: Double)
}

extension ClockTrial {
  /// Estimates the clocks on one core; the time that images take is not counted.
  func outcomes() throws(CaptureError) -> [ClockOutcome] {
    let loading = Mutex(0.0)
    let start = DispatchTime.now().uptimeNanoseconds
    let estimates = try ClockEstimator(cameras, threads: 1) { camera, index in
      let begin = DispatchTime.now().uptimeNanoseconds
      let image = depth(camera: camera, index: index)
      let spent = Double(DispatchTime.now().uptimeNanoseconds - begin) * 1e-9
      loading.withLock { $0 += spent }
      return image
    }.estimate()
    let spent = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
    let seconds = spent - loading.withLock { $0 }
    guard let lead = estimates.firstIndex(where: { $0.source == .shared }) else { return [] }
    return estimates.enumerated().filter { $0.offset != lead }.map { camera, estimate in
      let truth = truth(camera: camera, lead: lead, at: estimate.fit.reference)
      return ClockOutcome(
        trial: name, camera: camera, estimate: estimate,
        error: estimate.fit.offset - truth.offset, trueRate: truth.rate, seconds: seconds)
    }
  }
}

/// A synthetic rig.
struct SyntheticTrial: ClockTrial {
  private let rig: SyntheticRig
  private let samples: [[SyntheticSample]]
  private let images: ImageShelf

  /// - Parameter keep: Where rendered images are kept; nil renders them every time.
  init(_ knobs: SyntheticRigConfiguration, keep: URL?) throws {
    rig = try SyntheticRig(knobs)
    let rig = rig
    samples = rig.clocks.indices.map { rig.samples(camera: $0, kind: .depth) }
    images = try ImageShelf(rig, keep: keep)
  }

  var name: String { "\(rig.configuration.subject) \(rig.configuration.seed)" }

  var cameras: [ClockCamera] {
    let places = rig.calibration
    return rig.take.cameras.enumerated().map { index, camera in
      ClockCamera(
        description: camera,
        worldFromDepth: places.rigFromColor[camera.id].map {
          places.worldFromRig * $0 * camera.colorFromDepth
        }, depthTimes: samples[index].map(\.deviceTime))
    }
  }

  func depth(camera: Int, index: Int) -> DepthImage? {
    images.depth(camera: camera, frame: samples[camera][index].frame)
  }

  func truth(camera: Int, lead: Int, at time: Double) -> (offset: Double, rate: Double) {
    let (own, other) = (rig.clocks[camera], rig.clocks[lead])
    let begin = rig.configuration.startTime
    let exposure = (time - own.offset + own.drift * begin) / (1 + own.drift)
    let shown = exposure + other.offset + other.drift * (exposure - begin)
    return (time - shown, own.drift - other.drift)
  }
}

/// A take on disk, with a file of its clocks' true offsets.
struct TakeTrial: ClockTrial {
  private struct Truth: Decodable {
    var id: String
    var clockOffset: Double
  }

  let name: String
  private let reader: any Recording
  private let places: [PlacedCamera]
  private let offsets: [String: Double]

  init(take: URL, truth: URL) throws {
    name = take.lastPathComponent
    reader = try RecordingFormats.open([take])
    guard let calibration = reader.calibration else {
      throw CaptureError(.badInput, "The take has no calibration.", at: take.path)
    }
    places = try place(reader.take, calibration)
    let list = try JSONDecoder().decode([Truth].self, from: try Data(contentsOf: truth))
    offsets = Dictionary(list.map { ($0.id, $0.clockOffset) }) { $1 }
    for camera in reader.take.cameras where offsets[camera.id] == nil {
      throw CaptureError(.badInput, "The truth lacks camera `\(camera.id)`.", at: truth.path)
    }
  }

  var cameras: [ClockCamera] {
    places.enumerated().map { index, camera in
      ClockCamera(
        description: camera.description, worldFromDepth: camera.worldFromDepth,
        depthTimes: reader.samples(camera: index, kind: .depth).map {
          $0.time - camera.description.sync.delay
        })
    }
  }

  func depth(camera: Int, index: Int) -> DepthImage? {
    // The estimation goes without images that cannot be read.
    try? reader.depth(camera: camera, index: index)
  }

  func truth(camera: Int, lead: Int, at time: Double) -> (offset: Double, rate: Double) {
    func offset(_ camera: Int) -> Double { offsets[places[camera].description.id] ?? 0 }
    return (offset(camera) - offset(lead), 0)
  }
}
