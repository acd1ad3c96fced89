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
    cells.row(widths: [14, 6, 8, 8, 8, 8, 11, 7])
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
      let turn = (found.worldFromColor * place.inverse).turn
      let shift = found.worldFromColor.translation - place.translation
      return AlignOutcome(
        trial: "\(rig.configuration.subject) \(rig.configuration.seed)", camera: found.id,
        errors: [turn.x, turn.y, turn.z, shift.x, shift.y, shift.z],
        deviations: (0..<6).map { found.covariance[7 * $0].squareRoot() },
        unknown: result.unknown.count { $0.camera == index })
    }
  }
}
