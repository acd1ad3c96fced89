public import CaptureCore
internal import Foundation

/// What calibration formats have in common: cameras with places in the world, and their lenses.
public struct CalibratedRig: Equatable, Sendable {
  /// One camera.
  public struct Camera: Equatable, Sendable {
    /// Name of the camera.
    public var id: String
    /// Serial number; empty where nobody says.
    public var serial: String
    /// Colour lens to world.
    public var worldFromColor: RigidTransform
    /// The colour lens; nil where nobody says.
    public var lens: CameraModel?

    /// A camera with all its parts.
    public init(
      id: String, serial: String = "", worldFromColor: RigidTransform, lens: CameraModel? = nil
    ) {
      (self.id, self.serial, self.worldFromColor, self.lens) = (id, serial, worldFromColor, lens)
    }
  }

  /// Name of the rig.
  public var rig: String
  /// The cameras; the first is the reference, names are unique.
  public var cameras: [Camera]

  /// A rig of cameras, the reference first.
  public init(rig: String, cameras: [Camera]) { (self.rig, self.cameras) = (rig, cameras) }

  /// A calibration, with the lenses of a take's cameras as far as it has them.
  public init(_ calibration: RigCalibration, lenses: [CameraDescription] = []) {
    rig = calibration.rig
    let ids = calibration.rigFromColor.keys.sorted {
      ($0 == calibration.reference ? 0 : 1, $0) < ($1 == calibration.reference ? 0 : 1, $1)
    }
    cameras = ids.map { id in
      let description = lenses.first { $0.id == id }
      return Camera(
        id: id, serial: description?.serial ?? "",
        worldFromColor: calibration.worldFromRig
          * (calibration.rigFromColor[id] ?? .identity), lens: description?.color)
    }
  }

  /// The rig as Fieldmesh's own calibration.
  public var calibration: RigCalibration {
    RigCalibration(rig: rig, worldFromColor: cameras.map { ($0.id, $0.worldFromColor) })
  }

  /// The lens of a camera, as a format needs it.
  /// - Throws: ``CaptureError`` `badInput` without any, or where `holds` says that it does not fit.
  func lens(
    of camera: Camera, format: String, holds: (Distortion) -> Bool
  ) throws(CaptureError) -> CameraModel {
    guard let lens = camera.lens else {
      throw CaptureError(
        .badInput, "The lens of camera `\(camera.id)` is not known, and \(format) holds lenses.",
        remedy: "Name a take of the rig with --take.")
    }
    guard holds(lens.distortion) else {
      throw CaptureError(
        .badInput,
        "The lens of camera `\(camera.id)` has a distortion that \(format) cannot hold.",
        remedy:
          "Export with --to colmap, which holds any; or undistort the images, as OpenCV's undistort does, and export with --undistorted."
      )
    }
    return lens
  }

  /// The rig with lenses that do not distort.
  public var undistorted: CalibratedRig {
    var result = self
    for i in cameras.indices {
      result.cameras[i].lens?.distortion = .none
      result.cameras[i].lens?.radius = nil
    }
    return result
  }

  /// Checks names and places read from a file.
  /// - Throws: ``CaptureError`` `badInput` without cameras, for too many, for names used twice, and for a camera
  ///   farther off than a calibration may say.
  func checked() throws(CaptureError) -> CalibratedRig {
    guard (1...CameraDescription.limit).contains(cameras.count) else {
      throw CaptureError(
        .badInput,
        "There are \(cameras.count) cameras; 1 to \(CameraDescription.limit) can be read.")
    }
    var seen: Set<String> = []
    for camera in cameras where camera.id.isEmpty || !seen.insert(camera.id).inserted {
      throw CaptureError(.badInput, "The name `\(camera.id)` is empty or stands twice.")
    }
    for camera in cameras {
      let off = max(
        camera.worldFromColor.translation.length,
        (camera.worldFromColor.translation - cameras[0].worldFromColor.translation).length)
      guard off <= RigidTransform.reach else {
        throw CaptureError(
          .badInput,
          "Camera `\(camera.id)` stands \(String(format: "%.3g", off)) m from the world's origin or the first camera; \(Int(RigidTransform.reach)) m is the most.",
          remedy: "Scale the places to metres, and move the origin near to the rig.")
      }
    }
    return self
  }
}
