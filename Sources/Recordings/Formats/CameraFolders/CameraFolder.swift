internal import CaptureCore
internal import Foundation
internal import ImageFiles
internal import NumpyFiles

/// One camera of the ResFields/NeuS layout: a folder of images and `cameras_sphere.npz`.
struct CameraFolder {
  static let camerasFile = "cameras_sphere.npz"
  /// Largest `cameras_sphere.npz` that is read, bytes: two matrices for each of 100 000 frames.
  static let limit = 64 << 20
  /// Frames a second; the layout does not say.
  static let framesPerSecond = 30.0
  /// Frame numbers beyond this are not frame numbers (a year at 30 Hz).
  private static let highestNumber = 1_000_000_000

  let description: CameraDescription
  let worldFromColor: RigidTransform
  let streams: [StreamKind: RecordedStream]

  init(_ url: URL) throws(CaptureError) {
    let id = url.lastPathComponent
    guard CameraDescription.isUsable(id: id) else {
      throw CaptureError(
        .badInput, "The folder's name \(CameraDescription.idRule)", at: url.path,
        remedy: "Rename the folder.")
    }
    streams = [
      .color: try CameraFolder.stream(url, ["rgb", "image"]),
      .depth: try CameraFolder.stream(url, ["depth"]),
      .mask: try CameraFolder.stream(url, ["mask"]),
    ]
    let matrix = try CameraFolder.matrix(url.appendingPathComponent(CameraFolder.camerasFile))
    guard let first = streams[.color]?.files.first else {
      throw CaptureError(
        .badInput, "There are no colour images in `rgb` or `image`.", at: url.path)
    }
    let size = try ImageFile.size(at: first)
    // Pixel centres lie at one half in this layout, at whole numbers in ours.
    let k = matrix.intrinsics
    let model = CameraModel(
      width: size.width, height: size.height,
      intrinsics: Intrinsics(fx: k.fx, fy: k.fy, cx: k.cx - 0.5, cy: k.cy - 0.5))
    let hasDepth = streams[.depth]?.files.isEmpty == false
    description = CameraDescription(
      id: id, sync: SyncRole(mode: .subordinate), color: model, depth: hasDepth ? model : nil,
      depthUnit: 0.001, depthRange: 0.1...10)
    worldFromColor = matrix.cameraFromWorld.inverse
  }

  /// The images of the first of these folders that exists, ordered by the number in their names.
  private static func stream(_ url: URL, _ names: [String]) throws(CaptureError) -> RecordedStream {
    for name in names {
      let folder = url.appendingPathComponent(name)
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder),
        isFolder.boolValue
      else { continue }
      return try stream(folder)
    }
    return .none
  }

  private static func stream(_ folder: URL) throws(CaptureError) -> RecordedStream {
    var numbered: [(number: Int, name: String)] = []
    for name in try names(in: folder) where isImage(name) {
      guard let number = frameNumber(name) else {
        throw CaptureError(
          .badInput, "The file's name has no frame number.",
          at: folder.appendingPathComponent(name).path)
      }
      numbered.append((number, name))
    }
    numbered.sort { ($0.number, $0.name) < ($1.number, $1.name) }
    if let twice = zip(numbered, numbered.dropFirst()).first(where: { $0.0.number == $0.1.number })
    {
      throw CaptureError(
        .badInput,
        "Two files have the frame number \(twice.0.number): \(twice.0.name), \(twice.1.name).",
        at: folder.path)
    }
    return RecordedStream(
      samples: numbered.map {
        StreamSample(
          time: Double($0.number) / framesPerSecond, name: "\(folder.lastPathComponent)/\($0.name)")
      },
      files: numbered.map { folder.appendingPathComponent($0.name) })
  }

  static func names(in folder: URL) throws(CaptureError) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder.path)
    } catch {
      throw CaptureError(.badInput, "The folder cannot be listed.", at: folder.path)
    }
  }

  private static func isImage(_ name: String) -> Bool {
    !name.hasPrefix(".") && [".png", ".jpg", ".jpeg"].contains { name.lowercased().hasSuffix($0) }
  }

  /// The last run of digits before the extension: 12 in `video_3_frame_0012.png`.
  static func frameNumber(_ name: String) -> Int? {
    let stem = name.prefix(upTo: name.lastIndex(of: ".") ?? name.endIndex)
    let tail = stem.reversed().drop { !$0.isASCII || !$0.isNumber }
    let digits = tail.prefix { $0.isASCII && $0.isNumber }
    guard let number = Int(String(digits.reversed())), number <= highestNumber else { return nil }
    return number
  }

  /// The camera that all frames share.
  private static func matrix(_ url: URL) throws(CaptureError) -> ProjectionMatrix {
    let arrays = try NumpyArchive.read(url, limit: limit)
    guard let world = arrays["world_mat_0"] else {
      throw CaptureError(.badInput, "There is no `world_mat_0`.", at: url.path)
    }
    let values = world.doubles()
    guard world.shape == [4, 4] || world.shape == [3, 4], let matrix = ProjectionMatrix(values)
    else {
      throw CaptureError(
        .badInput, "`world_mat_0` is no invertible 3x4 or 4x4 projection.", at: url.path)
    }
    let k = matrix.intrinsics
    guard abs(matrix.skew) < 1e-3 * k.fx, [k.fx, k.fy].allSatisfy((1e-3...1e6).contains),
      [k.cx, k.cy].allSatisfy({ abs($0) < 1e6 })
    else {
      throw CaptureError(
        .badInput, "`world_mat_0` is no camera with square, upright pixels.", at: url.path)
    }
    try checkStill(arrays, values, url)
    try checkScale(arrays, url)
    return matrix
  }

  private static func checkStill(
    _ arrays: [String: NumpyArray], _ first: [Double], _ url: URL
  ) throws(CaptureError) {
    let size = first.map(abs).max() ?? 0
    let moving = arrays.filter { name, array in
      guard name.hasPrefix("world_mat_"), Int(name.dropFirst(10)) != nil else { return false }
      let values = array.doubles()
      return values.count != first.count
        || !zip(values, first).allSatisfy { abs($0 - $1) <= 1e-5 * size }
    }
    guard let name = moving.keys.min() else { return }
    throw CaptureError(
      .badInput, "The camera moves: `\(name)` differs from `world_mat_0`.", at: url.path,
      remedy: "Only cameras that stand still can be used.")
  }

  /// `scale_mat` takes the unit sphere to the world: one scale, no rotation. Its numbers are not
  /// needed, for `world_mat` is in the world's metres, but another shape means another format.
  private static func checkScale(
    _ arrays: [String: NumpyArray], _ url: URL
  ) throws(CaptureError) {
    guard let scale = arrays["scale_mat_0"] else { return }
    let s = scale.doubles()
    guard s.count == 16, s.allSatisfy(\.isFinite), s[0] > 0, s[5] == s[0], s[10] == s[0],
      [1, 2, 4, 6, 8, 9].allSatisfy({ abs(s[$0]) <= 1e-6 * s[0] })
    else {
      throw CaptureError(
        .badInput, "`scale_mat_0` is no uniform scale with a translation.", at: url.path)
    }
  }
}
