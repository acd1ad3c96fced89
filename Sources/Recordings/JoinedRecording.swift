public import CaptureCore
public import Foundation

/// Several recordings of one rig as one: the cameras of the first, then of the next, and so on.
///
/// Cameras keep their names where these are unique; else all cameras are named after the source's
/// folder too, as in `left-recording`. Places of cameras are not joined: a calibration belongs to
/// one rig, and has to be named.
public struct JoinedRecording: Recording {
  /// Names of the joined formats.
  public let format: String
  /// All cameras.
  public let take: TakeDescription
  /// What opening each part found, and what keeps the parts from being one recording.
  public let warnings: [String]
  /// None.
  public var calibration: RigCalibration? { nil }

  private let parts: [any Recording]
  /// By camera of the whole: its part, and its number there.
  private let places: [(part: Int, camera: Int)]

  /// Joins recordings that were opened from the given sources.
  /// - Throws: ``CaptureError`` `badInput` when two cameras cannot be told apart, or there are more
  ///   cameras than a take may have.
  init(_ parts: [any Recording], from sources: [URL]) throws(CaptureError) {
    self.parts = parts
    places = parts.enumerated().flatMap { part, recording in
      recording.take.cameras.indices.map { (part, $0) }
    }
    guard places.count <= CameraDescription.limit else {
      throw CaptureError(
        .limitExceeded,
        "The sources have \(places.count) cameras; at most \(CameraDescription.limit) can be read.")
    }
    take = TakeDescription(
      name: parts[0].take.name, framesPerSecond: parts[0].take.framesPerSecond,
      cameras: try Self.cameras(parts, sources))
    format = Self.unique(parts.map(\.format)).joined(separator: " and ")
    warnings = parts.flatMap(\.warnings) + Self.differences(parts)
  }

  private static func cameras(
    _ parts: [any Recording], _ sources: [URL]
  ) throws(CaptureError) -> [CameraDescription] {
    let cameras = parts.flatMap(\.take.cameras)
    guard unique(cameras.map(\.id)).count < cameras.count else { return cameras }
    var renamed: [CameraDescription] = []
    for (part, source) in zip(parts, sources) {
      let folder = source.standardizedFileURL.deletingLastPathComponent().lastPathComponent
      for var camera in part.take.cameras {
        camera.id = CameraDescription.usableID("\(folder)-\(camera.id)")
        if let other = renamed.first(where: { $0.id == camera.id }) {
          throw CaptureError(
            .badInput, "Two sources have a camera `\(other.id)`.", at: source.path,
            remedy: "Rename the file or its folder, so that cameras can be told apart.")
        }
        renamed.append(camera)
      }
    }
    return renamed
  }

  private static func differences(_ parts: [any Recording]) -> [String] {
    var found: [String] = []
    let rates = unique(parts.map { "\($0.take.framesPerSecond)" })
    if rates.count > 1 {
      found.append("The sources run at different rates: \(rates.joined(separator: ", ")) Hz.")
    }
    if parts.contains(where: { $0.calibration != nil }) {
      found.append("Calibrations inside of single sources are not used; name one for all of them.")
    }
    return found
  }

  private static func unique(_ words: [String]) -> [String] {
    words.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// The images of a stream, by device time.
  public func samples(camera: Int, kind: StreamKind) -> [StreamSample] {
    guard places.indices.contains(camera) else { return [] }
    return parts[places[camera].part].samples(camera: places[camera].camera, kind: kind)
  }

  /// Decodes a depth image.
  /// - Throws: ``CaptureError`` that names file, camera and frame.
  public func depth(camera: Int, index: Int) throws(CaptureError) -> DepthImage {
    let (part, camera) = try place(camera)
    return try part.depth(camera: camera, index: index)
  }

  /// Decodes a colour image.
  /// - Throws: ``CaptureError`` that names file, camera and frame.
  public func color(camera: Int, index: Int) throws(CaptureError) -> ColorImage {
    let (part, camera) = try place(camera)
    return try part.color(camera: camera, index: index)
  }

  /// Decodes a mask.
  /// - Throws: ``CaptureError`` that names file, camera and frame.
  public func mask(camera: Int, index: Int) throws(CaptureError) -> MaskImage {
    let (part, camera) = try place(camera)
    return try part.mask(camera: camera, index: index)
  }

  /// The image as it was recorded, where a take may hold it so.
  /// - Throws: ``CaptureError`` that names file, camera and frame.
  public func encoded(
    camera: Int, kind: StreamKind, index: Int
  ) throws(CaptureError) -> Data? {
    let (part, camera) = try place(camera)
    return try part.encoded(camera: camera, kind: kind, index: index)
  }

  private func place(_ camera: Int) throws(CaptureError) -> (any Recording, Int) {
    guard places.indices.contains(camera) else {
      throw CaptureError(
        .badInput, "There is no camera number \(camera); the recording has \(places.count).")
    }
    return (parts[places[camera].part], places[camera].camera)
  }
}
