internal import CaptureCore
internal import DepthAlignment
internal import Foundation
internal import SyntheticRigs

/// What an alignment said of one camera, and how wrong that was.
struct AlignOutcome {
  var trial: String
  var camera: String
  /// Turn about the lens, radians, and shift, metres, world axes: what was found less what is true.
  var errors: [Double]
  /// Standard deviations that were said, in the same order.
  var deviations: [Double]
  /// Motions of the camera that were said to be unknown.
  var unknown: Int

  static let heading = row([
    "trial", "camera", "turn deg", "+- deg", "shift mm", "+- mm", "worst ratio", "unknown",
  ])

  var line: String {
    func length(_ values: ArraySlice<Double>) -> Double {
      values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
    return Self.row([
      trial, camera, (length(errors[0..<3]) * 180 / .pi).text(3),
      (length(deviations[0..<3]) * 180 / .pi).text(3), (1000 * length(errors[3..<6])).text(2),
      (1000 * length(deviations[3..<6])).text(2), (ratios.max() ?? 0).text(1), "\(unknown)",
    ])
  }

  /// Errors over deviations, of either sign taken off.
  var ratios: [Double] { zip(errors, deviations).map { abs($0) / $1 } }

  private static func row(_ cells: [String]) -> String {
    zip(cells, [14, 6, 8, 8, 8, 8, 11, 7]).map {
      String(repeating: " ", count: max(0, $1 - $0.count)) + $0
    }.joined(separator: "  ")
  }
}

/// A synthetic rig whose cameras are aligned from a start that is wrong.
struct AlignTrial {
  private let rig: SyntheticRig
  private let images: ImageShelf
  private let isColored: Bool

  /// - Parameters:
  ///   - keep: Where rendered images are kept; nil renders them every time.
  ///   - isColored: Whether what is drawn counts, too.
  init(_ knobs: SyntheticRigConfiguration, isColored: Bool, keep: URL?) throws {
    rig = try SyntheticRig(knobs)
    self.isColored = isColored
    images = try ImageShelf(rig, keep: keep)
  }

  /// Aligns on so many threads; one outcome for each camera but the reference.
  func outcomes(threads: Int?) throws(CaptureError) -> [AlignOutcome] {
    let (rig, images) = (rig, images)
    let (start, truth) = (rig.calibration, rig.trueCameras)
    let indices = Array(0..<rig.configuration.frames)
    let cameras = truth.map { camera in
      let said = start.rigFromColor[camera.description.id] ?? .identity
      return AlignmentCamera(
        description: camera.description, worldFromColor: start.worldFromRig * said,
        times: indices.map(rig.triggerTime), indices: indices)
    }
    let reference = truth.firstIndex { $0.description.id == start.reference } ?? 0
    let color: @Sendable (Int, Int) -> ColorImage? = { images.color(camera: $0, frame: $1) }
    let result = try DepthAligner(
      cameras, reference: reference, threads: threads,
      load: { images.depth(camera: $0, frame: $1) }, color: isColored ? color : nil
    ).refined()
    return truth.indices.filter { $0 != reference }.map { index in
      let (found, place) = (result.cameras[index], truth[index].worldFromColor)
      let turn = (found.worldFromColor * place.inverse).turned
      let shift = found.worldFromColor.translation - place.translation
      return AlignOutcome(
        trial: "\(rig.configuration.subject) \(rig.configuration.seed)", camera: found.id,
        errors: [turn.x, turn.y, turn.z, shift.x, shift.y, shift.z],
        deviations: (0..<6).map { found.covariance[7 * $0].squareRoot() },
        unknown: result.unknown.count { $0.camera == index })
    }
  }
}

extension RigidTransform {
  /// The rotation as an axis times an angle, radians, for small angles exact to the third order.
  fileprivate var turned: SIMD3<Double> {
    let w = SIMD3(rows.2.y - rows.1.z, rows.0.z - rows.2.x, rows.1.x - rows.0.y) / 2
    let sine = w.length
    return sine > 1e-12 ? w * (asin(min(1, sine)) / sine) : w
  }
}

/// The images of a rig, each rendered once where there is a folder to keep them in.
struct ImageShelf: Sendable {
  private let rig: SyntheticRig
  private let folder: URL?

  init(_ rig: SyntheticRig, keep: URL?) throws {
    self.rig = rig
    let knobs = rig.configuration
    folder = keep?.appendingPathComponent(
      "\(knobs.subject)-\(knobs.speed)-\(knobs.framesPerSecond)-\(knobs.depthWidth)"
        + "-\(knobs.colorWidth)-\(knobs.cameras)-\(knobs.depthNoise)-\(knobs.exposureSpread)"
        + "-\(knobs.seed)")
    if let folder {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }
  }

  func depth(camera: Int, frame: Int) -> DepthImage? {
    let (width, height) = (rig.configuration.depthWidth, rig.configuration.depthHeight)
    let unit = Float(rig.configuration.depthUnit)
    return kept("\(camera)-\(frame).depth", bytes: 2 * width * height) { data in
      let samples = data.withUnsafeBytes { Array($0.bindMemory(to: UInt16.self)) }
      return try? DepthImage(width: width, height: height, samples: samples, unit: unit)
    } rendering: {
      let image = rig.depth(camera: camera, frame: frame).measured
      return (image, image.samples.withUnsafeBytes { Data($0) })
    }
  }

  func color(camera: Int, frame: Int) -> ColorImage? {
    let (width, height) = (rig.configuration.colorWidth, rig.configuration.colorHeight)
    return kept("\(camera)-\(frame).color", bytes: 3 * width * height) { data in
      try? ColorImage(width: width, height: height, pixels: [UInt8](data))
    } rendering: {
      let image = rig.color(camera: camera, frame: frame)
      return (image, Data(image.pixels))
    }
  }

  private func kept<Image>(
    _ name: String, bytes: Int, reading: (Data) -> Image?, rendering: () -> (Image, Data)
  ) -> Image? {
    let file = folder?.appendingPathComponent(name)
    if let file, let data = try? Data(contentsOf: file), data.count == bytes {
      return reading(data)
    }
    let (image, data) = rendering()
    // Where it cannot be kept it is rendered again.
    if let file { try? data.write(to: file, options: .atomic) }
    return image
  }
}
