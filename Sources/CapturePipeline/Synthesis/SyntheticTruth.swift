internal import CaptureCore
internal import Foundation
internal import ImageFiles
internal import MeshExport
internal import Meshing
internal import NumpyFiles
internal import Synchronization
internal import SyntheticRigs

/// Writes what a synthetic rig knows and a real one does not.
struct SyntheticTruth: Sendable {
  private let rig: SyntheticRig
  private let folder: URL
  private let tracker: SurfaceTracker
  private let followed: Followed

  private final class Followed: Sendable {
    let frames: Mutex<[Int: (places: SurfaceTracker.Places, seen: [Bool])]> = Mutex([:])
  }

  init(_ rig: SyntheticRig, folder: URL) throws(CaptureError) {
    (self.rig, self.folder) = (rig, folder)
    tracker = SurfaceTracker(rig, count: rig.configuration.truthPlaces)
    followed = Followed()
    for camera in rig.take.cameras {
      try AtomicFile.makeFolder(folder.appendingPathComponent("depth/\(camera.id)"))
    }
  }

  /// Writes the truth of a trigger, given the true depth of the images taken for it.
  func write(frame: Int, depths: [(camera: Int, depth: [Float])]) throws(CaptureError) {
    let number = frame.padded(to: 6)
    for (camera, depth) in depths {
      let url = folder.appendingPathComponent("depth/\(rig.take.cameras[camera].id)/\(number).png")
      try ImageFile.writePNG(try image(depth), to: url)
    }
    let time = rig.triggerTime(frame)
    try PLYWriter().write(try surface(at: time), to: folder.appendingPathComponent("\(number).ply"))
    let places = tracker.places(at: time)
    let seen = tracker.seen(places, at: time, by: depths.map(\.camera))
    followed.frames.withLock { $0[frame] = (places, seen) }
  }

  /// The true surface, vertices on the zero set.
  private func surface(at time: Double) throws(CaptureError) -> TriangleMesh {
    var meshing = MeshingConfiguration()
    meshing.voxel = Float(rig.configuration.truthVoxel)
    // The distance of a smooth union never grows faster than places move.
    meshing.steepness = 1
    meshing.refinementSteps = 2
    meshing.observedWithin = 0
    meshing.smallestShare = 0
    let box = rig.bounds(at: time).expanded(by: 2 * meshing.voxel)
    return try SurfaceExtractor.mesh(
      of: rig.field(at: time), in: box, configuration: meshing, threads: 1
    ).mesh
  }

  /// Writes what covers all frames.
  func finish() throws(CaptureError) {
    try AtomicFile.write(Data(document.text.utf8), to: folder.appendingPathComponent("rig.json"))
    let rows = followed.frames.withLock { $0 }.sorted { $0.key < $1.key }.map(\.value)
    let shape = [rows.count, tracker.count, 3]
    try NumpyArchive.write(
      [
        ("points", try NumpyArray(shape: shape, elements: Self.flat(rows.map(\.places.positions)))),
        ("normals", try NumpyArray(shape: shape, elements: Self.flat(rows.map(\.places.normals)))),
        (
          "seen",
          try NumpyArray(
            shape: [rows.count, tracker.count], elements: .bool(rows.flatMap { $0.seen }))
        ),
      ], to: folder.appendingPathComponent("points.npz"))
  }

  private static func flat(_ rows: [[SIMD3<Float>]]) -> NumpyArray.Elements {
    .float32(rows.flatMap { $0.flatMap { [$0.x, $0.y, $0.z] } })
  }

  private func image(_ depth: [Float]) throws(CaptureError) -> DepthImage {
    let unit = SyntheticTake.truthUnit
    let lens = rig.take.cameras[0].depth
    return try DepthImage(
      width: lens?.width ?? 0, height: lens?.height ?? 0,
      samples: depth.map { $0 < 65535 * unit ? UInt16(($0 / unit).rounded()) : 0 }, unit: unit)
  }

  private var document: JSONValue {
    .object([
      .init("calibration", rig.trueCalibration.json),
      .init(
        "clocks",
        .array(
          zip(rig.take.cameras, rig.clocks).map { camera, clock in
            .object([
              .init("id", .string(camera.id)), .init("offset", .number(clock.offset)),
              .init("drift", .number(clock.drift)),
              .init("shutterDelay", .number(clock.shutterDelay)),
            ])
          })),
      .init(
        "triggers",
        .object([
          .init("startTime", .number(rig.configuration.startTime)),
          .init("framesPerSecond", .number(rig.configuration.framesPerSecond)),
          .init("count", .number(Double(rig.configuration.frames))),
        ])),
    ])
  }
}
