internal import Calibration
internal import CaptureCore
internal import Foundation
internal import Recordings

/// A recording with its cameras in their places.
struct OpenTake: Sendable {
  let reader: any Recording
  let cameras: [PlacedCamera]
  /// What depth is corrected by, one a camera.
  let biases: [DepthBias]
  /// What the calibration found out about the cameras' devices, by their names.
  let corrections: [String: DeviceCorrection]

  /// Opens a recording and places its cameras by the given calibration, or by the one in it.
  /// - Parameter names: The cameras that are used; empty for all. Of the others those that have no place are left
  ///   out from the start.
  /// - Throws: ``CaptureError`` `badInput` without any calibration, and what the readers throw.
  init(_ source: TakeSource, using names: [String] = []) throws(CaptureError) {
    var reader = try RecordingFormats.open(source.takes)
    var calibration = reader.calibration
    if let file = source.calibration { calibration = try CalibrationFile.read(file) }
    guard let calibration else {
      throw CaptureError(
        .badInput, "The take has no calibration.", at: source.place,
        remedy: "Name one with --calibration, such as calibration/<rig>/<date>.json.")
    }
    if !names.isEmpty {
      let ids = reader.take.cameras.map(\.id)
      let kept = ids.indices.filter {
        names.contains(ids[$0]) || calibration.rigFromColor[ids[$0]] != nil
      }
      if kept.count < ids.count, !kept.isEmpty { reader = reader.keeping(kept) }
    }
    try self.init(reader, calibration, at: source.calibration?.path ?? source.place)
  }

  /// A recording that is open already, with its cameras placed.
  /// - Parameter path: Where the calibration was found, for messages.
  /// - Throws: ``CaptureError`` `badInput` where the calibration is of another rig.
  init(
    _ reader: any Recording, _ calibration: RigCalibration, at path: String
  ) throws(CaptureError) {
    self.reader = reader
    do { cameras = try place(reader.take, calibration) } catch { throw error.within(path) }
    biases = cameras.map { calibration.depthBias(of: $0.description.id) }
    corrections = calibration.corrections
  }

  /// The take that the first stage paired, with the cameras that it used, in the places that it found
  /// them in: what became of the calibration's file since does not matter.
  init(_ list: FrameList, in output: OutputFolder) throws(CaptureError) {
    let whole = try OpenTake(list.source(output), using: list.cameras)
    self = whole.keeping(try whole.indices(of: list.cameras))
  }

  private init(_ whole: OpenTake, _ indices: [Int]) {
    reader = whole.reader.keeping(indices)
    (cameras, biases) = (indices.map { whole.cameras[$0] }, indices.map { whole.biases[$0] })
    corrections = whole.corrections
  }

  /// The take with the cameras at these ascending indices alone.
  func keeping(_ indices: [Int]) -> OpenTake {
    indices.count == cameras.count ? self : OpenTake(self, indices)
  }

  /// The indices of the named cameras, ascending; of all where none are named.
  /// - Throws: ``CaptureError`` `usage` for names that no camera has.
  func indices(of names: [String]) throws(CaptureError) -> [Int] {
    let known = cameras.map(\.description.id)
    if let unknown = names.first(where: { !known.contains($0) }) {
      throw CaptureError(
        .usage, "The take has no camera '\(unknown)'.", at: "cameras",
        remedy: "Choose from: \(known.joined(separator: ", ")).")
    }
    return names.isEmpty
      ? Array(cameras.indices) : cameras.indices.filter { names.contains(known[$0]) }
  }

  /// The images of a set, decoded side by side; nil where the set has none.
  /// - Throws: The first camera's ``CaptureError`` for an image that cannot be read.
  func images(of set: FrameSet, threads: Int) throws(CaptureError) -> [CameraFrame] {
    try concurrentValues(
      set.entries.count, threads: threads,
      trying: { camera throws(CaptureError) in try image(camera, set.entries[camera]) })
  }

  /// A depth image without its sensor's bias.
  func depth(camera: Int, index: Int) throws(CaptureError) -> DepthImage {
    try reader.depth(
      camera: camera, index: index, of: cameras[camera].description, without: biases[camera])
  }

  private func image(_ camera: Int, _ entry: FrameSet.Entry) throws(CaptureError) -> CameraFrame {
    CameraFrame(
      depth: try entry.depth.map { i throws(CaptureError) in
        try depth(camera: camera, index: i)
      },
      color: try entry.color.map { i throws(CaptureError) in
        try reader.color(camera: camera, index: i)
      },
      mask: try entry.mask.map { i throws(CaptureError) in
        try reader.mask(camera: camera, index: i)
      })
  }

  /// The set without the images that cannot be read, why each cannot, and by camera what the others show.
  func readable(
    _ set: FrameSet
  ) -> (set: FrameSet, failures: [CaptureError], images: [CameraFigures]) {
    var (set, failures) = (set, [CaptureError]())
    var images = [CameraFigures](repeating: CameraFigures(), count: set.entries.count)
    for camera in set.entries.indices {
      let entry = set.entries[camera]
      func check(_ index: Int?, _ read: (Int) throws(CaptureError) -> Void) -> Int? {
        guard let index else { return nil }
        do throws(CaptureError) {
          try read(index)
          return index
        } catch {
          failures.append(error)
          return nil
        }
      }
      set.entries[camera].depth = check(entry.depth) { i throws(CaptureError) in
        images[camera].add(
          try reader.depth(camera: camera, index: i), of: reader.take.cameras[camera])
      }
      set.entries[camera].color = check(entry.color) { i throws(CaptureError) in
        images[camera].add(try reader.color(camera: camera, index: i))
      }
      set.entries[camera].mask = check(entry.mask) { i throws(CaptureError) in
        images[camera].mask.add(try reader.mask(camera: camera, index: i))
      }
    }
    return (set, failures, images)
  }
}
