public import CaptureCore

/// Gives every camera of a take its place in the world: `worldFromRig * rigFromColor`.
///
/// - Returns: The cameras, in the take's order.
/// - Throws: ``CaptureError`` `badInput` when the calibration lacks a camera of the take: then it belongs to another
///   rig, or a camera was renamed. Cameras that did not record may stand in it.
public func place(
  _ take: TakeDescription, _ calibration: RigCalibration
) throws(CaptureError) -> [PlacedCamera] {
  let name = calibration.rig
  return try take.cameras.map { camera throws(CaptureError) in
    guard let rigFromColor = calibration.rigFromColor[camera.id] else {
      throw CaptureError(
        .badInput,
        "The calibration of `\(name)` does not place camera `\(camera.id)`, but \(calibration.rigFromColor.keys.sorted().joined(separator: ", ")).",
        remedy:
          "Use the calibration of the rig that recorded the take, or leave the camera out with --cameras."
      )
    }
    var placed = PlacedCamera(
      description: camera, worldFromColor: calibration.worldFromRig * rigFromColor)
    if let correction = calibration.corrections[camera.id] {
      try placed.description.apply(correction)
    }
    return placed
  }
}

extension CameraDescription {
  /// Takes over what a calibration found out about the device's lenses.
  /// - Throws: ``CaptureError`` `badInput` for a lens of another image size.
  fileprivate mutating func apply(_ correction: DeviceCorrection) throws(CaptureError) {
    if let lens = correction.color {
      guard let old = color, old.width == lens.width, old.height == lens.height else {
        let size = color.map { "\($0.width)x\($0.height)" } ?? "absent"
        throw CaptureError(
          .badInput,
          "The calibration's lens of camera `\(id)` is for \(lens.width)x\(lens.height) pixels, but the take's colour image is \(size).",
          remedy: "Calibrate the rig again in the mode that takes are recorded in.")
      }
      if isRegistered { depth = lens }
      color = lens
    }
    if let transform = correction.colorFromDepth { colorFromDepth = transform }
  }
}
