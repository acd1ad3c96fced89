internal import CalibrationFormats
internal import CaptureCore
internal import Foundation

extension FuzzTarget {
  /// The calibrations of other programs: each file of each format, beside whole ones.
  static let exchanged: [FuzzTarget] = [
    exchanged("colmap-rig", ColmapFormat.self, "rig_config.json"),
    exchanged("colmap-cameras", ColmapFormat.self, "cameras.txt"),
    exchanged("colmap-images", ColmapFormat.self, "images.txt"),
    exchanged("nerfstudio", NerfstudioFormat.self, nil),
    exchanged("neus", NeuSFormat.self, "a/cameras_sphere.npz"),
    exchanged("cwipc-config", CwipcFormat.self, nil),
    exchanged("kalibr", KalibrFormat.self, nil),
  ]

  private static func exchanged(
    _ name: String, _ format: any CalibrationFormat.Type, _ file: String?
  ) -> FuzzTarget {
    FuzzTarget(name) {
      try rigs.compactMap { rig in
        let url = FuzzFolder.file("rig")
        defer { try? FileManager.default.removeItem(at: url) }
        // A lens that a format cannot hold gives no input.
        do throws(CaptureError) { try format.write(rig, to: url) } catch { return nil }
        return try Data(contentsOf: file.map(url.appendingPathComponent) ?? url)
      }
    } run: {
      let (url, again) = (FuzzFolder.file("rig"), FuzzFolder.file("again"))
      try format.write(rigs[0], to: url)
      return { data in
        try data.write(to: file.map(url.appendingPathComponent) ?? url)
        let rig: CalibratedRig
        do throws(CaptureError) { rig = try format.read(url) } catch {
          precondition(!error.place.isEmpty, "an error without a place: \(error)")
          throw error
        }
        precondition((1...CameraDescription.limit).contains(rig.cameras.count))
        for camera in rig.cameras {
          let numbers = camera.worldFromColor.rotation + camera.worldFromColor.matrix.flatMap { $0 }
          precondition(numbers.allSatisfy(\.isFinite), "a place that is no number")
        }
        // What was read can be kept, in our own form and in this one.
        _ = try RigCalibration(JSONNode(JSONValue(parsing: Data(rig.calibration.json.text.utf8))))
        defer { try? FileManager.default.removeItem(at: again) }
        do throws(CaptureError) { try format.write(rig, to: again) } catch { return }
        let back = try format.read(again)
        precondition(back.cameras.count == rig.cameras.count, "cameras were lost")
      }
    }
  }

  /// A rig of pinholes, and one whose lenses distort.
  private static var rigs: [CalibratedRig] {
    [Distortion.none, Distortion(k1: 0.1, k2: -0.05, p1: 0.001)].map { distortion in
      let lens = CameraModel(
        width: 640, height: 480, intrinsics: Intrinsics(fx: 500, fy: 510, cx: 319.5, cy: 239.5),
        distortion: distortion)
      return CalibratedRig(
        rig: "rig",
        cameras: [("a", SIMD3(1, 1.2, 2)), ("b", SIMD3(-2, 0.9, 0.5))].map { id, eye in
          .init(
            id: id, serial: id, worldFromColor: .looking(from: eye, at: SIMD3(0, 1, 0)), lens: lens)
        })
    }
  }
}
