internal import CaptureCore
internal import Foundation
internal import ImageFiles

/// One entry of `frames` in a `transforms.json`, with what the top level says for all of them.
struct NerfstudioFrame {
  /// An image by name and file.
  struct Image {
    var sample: StreamSample
    var file: URL
  }

  /// What frames of one camera have in common.
  struct Key: Hashable {
    let numbers: [Double?]
  }

  let color: Image
  let depth, mask: Image?
  /// As given; nil without.
  var time: Double?
  /// Lens to world, with OpenCV's axes for the lens and +z up for the world.
  let worldFromColor: RigidTransform
  let key: Key

  private let node: JSONNode
  private let focal: (x: Double?, y: Double?, angle: Double?)
  private let center: (x: Double?, y: Double?)
  private let size: (width: Int?, height: Int?)
  private let distortion: Distortion

  private enum Model: String, CaseIterable {
    case opencv = "OPENCV"
    case fisheye = "OPENCV_FISHEYE"
    case pinhole = "PINHOLE"
    case simplePinhole = "SIMPLE_PINHOLE"
  }

  init(
    _ node: JSONNode, _ document: JSONNode, _ folder: inout TakeFolder
  ) throws(CaptureError) {
    self.node = node
    func find(_ key: String) throws(CaptureError) -> JSONNode? {
      if let own = try node.optionalMember(key) { return own }
      return try document.optionalMember(key)
    }
    func number(_ key: String, _ range: ClosedRange<Double>) throws(CaptureError) -> Double? {
      try find(key)?.number(in: range)
    }
    if let model = try find("camera_model"), try model.word(Model.self) == .fisheye {
      throw model.failure("is OPENCV_FISHEYE, and fisheye lenses are not read.").advising(
        "Undistort the images, and write the pinhole that they then have.")
    }
    focal = (
      try number("fl_x", 1e-3...1e6), try number("fl_y", 1e-3...1e6),
      try number("camera_angle_x", 1e-3...3.1)
    )
    center = (try number("cx", -1e6...1e6), try number("cy", -1e6...1e6))
    size = (
      try find("w")?.integer(in: 1...16384), try find("h")?.integer(in: 1...16384)
    )
    if let k4 = try number("k4", -1e6...1e6), k4 != 0 {
      throw node.failure("has a coefficient `k4` = \(k4), which only fisheye lenses use.")
    }
    distortion = Distortion(
      k1: try number("k1", -1e6...1e6) ?? 0, k2: try number("k2", -1e6...1e6) ?? 0,
      k3: try number("k3", -1e6...1e6) ?? 0, p1: try number("p1", -1e6...1e6) ?? 0,
      p2: try number("p2", -1e6...1e6) ?? 0)
    let pose = try RigidTransform(matrix: try node.member("transform_matrix"))
    // OpenGL's camera looks along -z with +y up; OpenCV's along +z with +y down.
    let flip = SIMD3<Double>(1, -1, -1)
    worldFromColor = RigidTransform(
      rows: (pose.rows.0 * flip, pose.rows.1 * flip, pose.rows.2 * flip),
      translation: pose.translation)
    time = try node.optionalMember("time")?.number(in: -StreamList.latest...StreamList.latest)
    key = Key(
      numbers: pose.rotation + [
        pose.translation.x, pose.translation.y, pose.translation.z, focal.x, focal.y, focal.angle,
        center.x, center.y, size.width.map(Double.init), size.height.map(Double.init),
        distortion.k1, distortion.k2, distortion.k3, distortion.p1, distortion.p2,
      ])
    guard let color = try Self.image(node.member("file_path"), &folder) else {
      throw node.failure("has no image.")
    }
    self.color = color
    depth = try Self.image(node.optionalMember("depth_file_path"), &folder)
    mask = try Self.image(node.optionalMember("mask_path"), &folder)
  }

  private static func image(
    _ node: JSONNode?, _ folder: inout TakeFolder
  ) throws(CaptureError) -> Image? {
    guard let node else { return nil }
    var path = try node.string(limit: 1024)
    if path.hasPrefix("./") { path = String(path.dropFirst(2)) }
    guard let file = folder.file(path) else {
      throw node.failure("is not inside the recording's folder.")
    }
    return Image(sample: StreamSample(time: 0, name: path), file: file)
  }

  /// The lens of the colour image, from what the file says and, where it does not, from the image.
  func colorLens() throws(CaptureError) -> CameraModel {
    let image =
      if let width = size.width, let height = size.height { (width: width, height: height) } else {
        try ImageFile.size(at: color.file)
      }
    let (w, h) = (Double(image.width), Double(image.height))
    guard let fx = focal.x ?? focal.angle.map({ w / 2 / tan($0 / 2) }) else {
      throw node.failure("has no focal length, neither `fl_x` nor `camera_angle_x`.")
    }
    return CameraModel(
      width: image.width, height: image.height,
      intrinsics: Intrinsics(
        fx: fx, fy: focal.y ?? fx, cx: (center.x ?? w / 2) - 0.5, cy: (center.y ?? h / 2) - 0.5),
      distortion: distortion)
  }

  /// The lens of the depth image: that of the colour image, scaled to the depth image's size.
  func depthLens(_ lens: CameraModel) throws(CaptureError) -> CameraModel {
    guard let depth else { return lens }
    let size = try ImageFile.size(at: depth.file)
    let (x, y) = (
      Double(size.width) / Double(lens.width), Double(size.height) / Double(lens.height)
    )
    let k = lens.intrinsics
    return CameraModel(
      width: size.width, height: size.height,
      intrinsics: Intrinsics(
        fx: k.fx * x, fy: k.fy * y, cx: (k.cx + 0.5) * x - 0.5, cy: (k.cy + 0.5) * y - 0.5),
      distortion: lens.distortion)
  }
}

extension CaptureError {
  /// The same error with something to do about it.
  func advising(_ remedy: String) -> CaptureError {
    var copy = self
    copy.remedy = remedy
    return copy
  }
}
