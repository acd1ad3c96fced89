internal import CaptureCore
internal import Foundation

/// Several recordings of one rig as one: the cameras of the first, then of the next, and so on.
///
/// Cameras keep their names where these are unique; else all cameras are named after the source's
/// folder too, as in `left-recording`. Places of cameras are not joined: a calibration belongs to
/// one rig, and has to be named.
struct JoinedRecording: CompositeRecording {
  /// Names of the joined formats.
  let format: String
  /// All cameras.
  let take: TakeDescription
  /// What each part has found, and what keeps the parts from being one recording.
  var warnings: [String] { parts.flatMap(\.warnings) + differences }
  private let parts: [any Recording]
  private let differences: [String]
  /// None.
  var calibration: RigCalibration? { nil }

  /// The cameras of all parts, one part after the other.
  let places: [(part: any Recording, camera: Int)]

  /// Joins recordings that were opened from the given sources.
  /// - Throws: ``CaptureError`` `badInput` when two cameras cannot be told apart, or there are more
  ///   cameras than a take may have.
  init(_ parts: [any Recording], from sources: [URL]) throws(CaptureError) {
    self.parts = parts
    places = parts.flatMap { part in part.take.cameras.indices.map { (part, $0) } }
    guard places.count <= CameraDescription.limit else {
      throw CaptureError(
        .limitExceeded,
        "The sources have \(places.count) cameras; at most \(CameraDescription.limit) can be read.")
    }
    take = TakeDescription(
      name: parts[0].take.name, framesPerSecond: parts[0].take.framesPerSecond,
      cameras: try Self.cameras(parts, sources))
    format = Self.unique(parts.map(\.format)).joined(separator: " and ")
    differences = Self.differences(parts)
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
            .badInput,
            "Two sources have cameras of one name, and would both be called `\(other.id)` after their folder.",
            at: source.path,
            remedy:
              "Name one take, or the parts of one; where they are parts, rename the files or their folders."
          )
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
}
