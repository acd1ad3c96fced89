internal import CaptureCore
internal import Foundation
internal import RecordingFixtures
internal import Recordings

extension FuzzTarget {
  /// One bag, read as far as its images.
  static let bag = FuzzTarget("bag") {
    (0..<4).flatMap { number in
      [true, false].map {
        RecordingFixture.bag(FixtureSource.twoLenses.small, number, withIndex: $0)
      }
    }
  } run: {
    reading("a.bag") { try read(RecordingFormats.open($0)) }
  }

  /// The documents of the other formats: each stands in a whole recording that is then opened.
  static let documents: [FuzzTarget] = [
    document("take", "Fieldmesh take", "take.json"),
    document("linked-take", "linked take", "take.json"),
    document("calibration", "Fieldmesh take", "calibration.json"),
    document("list", "Fieldmesh take", "cam0/depth.txt"),
    document("camera-folders", "NeuS camera folders", "cam0/cameras_sphere.npz"),
    document("tum-list", "TUM RGB-D", "cam0/rgb.txt"),
    document("tum-poses", "TUM RGB-D", "cam1/groundtruth.txt"),
    document("transforms", "nerfstudio", "transforms.json"),
    document("intrinsics", "colour and depth folders", "cam0/intrinsics.json"),
    document("cwipc", "cwipc recording", "cameraconfig.json"),
  ]

  private static func document(_ name: String, _ format: String, _ path: String) -> FuzzTarget {
    FuzzTarget(name) {
      let url = try RecordingFixture.written(format)
      defer { try? FileManager.default.removeItem(at: url) }
      return [try Data(contentsOf: url.appendingPathComponent(path))]
    } run: {
      let written = try RecordingFixture.written(format)
      let url = FuzzFolder.file(name)
      try FileManager.default.moveItem(at: written, to: url)
      let file = url.appendingPathComponent(path)
      return { data in
        try data.write(to: file)
        let recording = try RecordingFormats.open(url)
        for camera in recording.take.cameras.indices {
          _ = recording.samples(camera: camera, kind: .depth).count
        }
      }
    }
  }

  private static func read(_ recording: any Recording) throws {
    for camera in recording.take.cameras.indices {
      for index in recording.samples(camera: camera, kind: .depth).indices.prefix(3) {
        do throws(CaptureError) {
          _ = try recording.depth(camera: camera, index: index)
        } catch { precondition(!error.place.isEmpty, "an error without a place: \(error)") }
      }
      for index in recording.samples(camera: camera, kind: .color).indices.prefix(3) {
        do throws(CaptureError) {
          _ = try recording.color(camera: camera, index: index)
        } catch { precondition(!error.place.isEmpty, "an error without a place: \(error)") }
      }
    }
  }
}

extension FixtureSource {
  /// With images of a few pixels, so that most of a bag is structure.
  fileprivate var small: FixtureSource {
    var copy = self
    for camera in copy.cameras.indices {
      (copy.cameras[camera].color.width, copy.cameras[camera].color.height) = (6, 4)
      (copy.cameras[camera].depth.width, copy.cameras[camera].depth.height) = (5, 3)
      copy.cameras[camera].colors = copy.cameras[camera].colors.compactMap { image in
        try? ColorImage(width: 6, height: 4, pixels: Array(image.pixels.prefix(72)))
      }
      copy.cameras[camera].depths = copy.cameras[camera].depths.compactMap { image in
        try? DepthImage(width: 5, height: 3, samples: Array(image.samples.prefix(15)), unit: 0.001)
      }
    }
    return copy
  }
}
