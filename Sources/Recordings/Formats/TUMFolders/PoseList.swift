internal import CaptureCore
internal import Foundation

/// Where a camera was, by a list of `<time> tx ty tz qx qy qz qw` a line, `#` for comments.
enum PoseList {
  /// What a list of poses says of a camera.
  enum Place: Equatable {
    /// All poses are one: lens to world.
    case standing(RigidTransform)
    /// How far the poses get away from the first one.
    case moving(meters: Double, degrees: Double)
    /// There is no list, or it is empty.
    case unknown
  }

  /// Largest list that is read, bytes.
  private static let limit = 64 << 20

  /// - Throws: ``CaptureError`` that names the file and the line.
  static func place(_ url: URL) throws(CaptureError) -> Place {
    guard FileManager.default.fileExists(atPath: url.path) else { return .unknown }
    let data = try AtomicFile.read(url, limit: limit)
    var first: RigidTransform?
    var (meters, cosine, stands) = (0.0, 1.0, true)
    for (number, bytes) in data.split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
    ).enumerated() {
      let pose: RigidTransform?
      do { pose = try parse(bytes) } catch {
        throw error.within("\(url.path), line \(number + 1)")
      }
      guard let pose else { continue }
      guard let first else {
        first = pose
        continue
      }
      stands = stands && pose.isNear(first, meters: 0.01, degrees: 0.5)
      meters = max(meters, (pose.translation - first.translation).length)
      cosine = min(
        cosine, (zip(pose.rotation, first.rotation).reduce(0) { $0 + $1.0 * $1.1 } - 1) / 2)
    }
    guard let first else { return .unknown }
    if stands { return .standing(first) }
    return .moving(meters: meters, degrees: acos(min(max(cosine, -1), 1)) * 180 / .pi)
  }

  private static func parse(_ bytes: Data) throws(CaptureError) -> RigidTransform? {
    guard let line = String(validating: bytes, as: UTF8.self) else {
      throw CaptureError(.badInput, "The line is not UTF-8 text.")
    }
    let words = line.split { $0 == " " || $0 == "\t" || $0 == "\r" }
    guard let start = words.first, !start.hasPrefix("#") else { return nil }
    let numbers = words.compactMap { Double($0) }
    guard words.count == 8, numbers.count == 8, numbers.allSatisfy(\.isFinite) else {
      throw CaptureError(
        .badInput, "The line is not `<time> tx ty tz qx qy qz qw`: `\(line.prefix(80))`.")
    }
    return try RigidTransform(
      quaternion: Array(numbers[4...]), translation: Array(numbers[1..<4]))
  }
}
