internal import CaptureCore
internal import Foundation
internal import ImageFiles
internal import NumpyFiles

/// One camera of the ResFields/NeuS layout: a folder of images and `cameras_sphere.npz`.
struct CameraFolder {
  static let camerasFile = "cameras_sphere.npz"
  /// Largest `cameras_sphere.npz` that is read, bytes: two matrices for each of 100 000 frames.
  static let limit = 64 << 20
  static let colorNames = ["rgb", "image"]
  /// Frames a second; the layout does not say.
  static let framesPerSecond = 30.0

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
    func stream(_ names: [String]) throws(CaptureError) -> RecordedStream {
      try NumberedImages.stream(names, in: url, framesPerSecond: CameraFolder.framesPerSecond)
    }
    let (color, depth) = (try stream(CameraFolder.colorNames), try stream(["depth"]))
    let video = color.samples.isEmpty ? VideoFile.find(CameraFolder.colorNames, in: url) : nil
    let frames = try video.map { file throws(CaptureError) in
      try VideoFile(file).stream(
        beside: depth, framesPerSecond: CameraFolder.framesPerSecond, declared: nil,
        remedy: "Encode it at 30 images a second, from the first depth image to the last.")
    }
    streams = [.color: frames ?? color, .depth: depth, .mask: try stream(["mask"])]
    let matrix = try CameraFolder.matrix(url.appendingPathComponent(CameraFolder.camerasFile))
    let size: (width: Int, height: Int)
    if let video = frames?.video {
      size = (video.width, video.height)
    } else if let first = color.files.first {
      size = try ImageFile.size(at: first)
    } else {
      throw CaptureError(
        .badInput, "There are no colour images in `rgb` or `image`.", at: url.path)
    }
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
