internal import CaptureCore

extension Recording {
  /// The recording with the cameras at these indices alone, as if there were no others.
  public func keeping(_ cameras: [Int]) -> any Recording { ChosenCameras(self, cameras) }
}

/// Some of a recording's cameras.
private struct ChosenCameras: CompositeRecording {
  let format: String
  let take: TakeDescription
  let calibration: RigCalibration?
  private let whole: any Recording
  let places: [(part: any Recording, camera: Int)]

  var warnings: [String] { whole.warnings }

  init(_ whole: any Recording, _ cameras: [Int]) {
    (self.whole, format) = (whole, whole.format)
    places = cameras.map { (whole, $0) }
    var take = whole.take
    take.cameras = cameras.map { whole.take.cameras[$0] }
    self.take = take
    calibration = whole.calibration.map { $0.keeping(take.cameras.map(\.id)) }
  }
}

extension RigCalibration {
  fileprivate func keeping(_ ids: [String]) -> RigCalibration {
    var part = self
    part.rigFromColor = rigFromColor.filter { ids.contains($0.key) }
    part.corrections = corrections.filter { ids.contains($0.key) }
    return part
  }
}
