internal import CaptureCore
internal import Foundation
internal import Matroska

/// What a recording says of its device; a tag that is missing has its default.
struct AzureKinectTags {
  private let values: [String: String]
  private let path: String

  init(_ file: MatroskaFile) {
    // A later tag counts more: the file's end knows what its head did not.
    values = Dictionary(file.tags.map { ($0.name, $0.value) }) { $1 }
    path = file.url.path
  }

  subscript(_ name: String) -> String? { values[name] }

  /// The device's clock at the file's beginning, microseconds; nil where the file does not say.
  func startOffset() throws(CaptureError) -> Int64? {
    guard let text = values["K4A_START_OFFSET_NS"] else { return nil }
    // 300 years, as for the times of a take.
    guard let value = UInt64(text), value / 1000 < 10_000_000_000_000_000 else {
      throw failure("K4A_START_OFFSET_NS", text)
    }
    return Int64(value / 1000)
  }

  /// How the device is wired, and its delays.
  func sync() throws(CaptureError) -> SyncRole {
    let depthDelay = try seconds("K4A_DEPTH_DELAY_NS") ?? 0
    switch values["K4A_WIRED_SYNC_MODE"] ?? "STANDALONE" {
    case "STANDALONE": return SyncRole(mode: .standalone, depthDelay: depthDelay)
    case "MASTER": return SyncRole(mode: .master, depthDelay: depthDelay)
    case "SUBORDINATE":
      return SyncRole(
        mode: .subordinate, delay: try seconds("K4A_SUBORDINATE_DELAY_NS") ?? 0,
        depthDelay: depthDelay)
    case let other: throw failure("K4A_WIRED_SYNC_MODE", other)
    }
  }

  private func seconds(_ name: String) throws(CaptureError) -> Double? {
    guard let text = values[name] else { return nil }
    guard let value = Int64(text), value.magnitude <= 10_000_000_000 else {
      throw failure(name, text)
    }
    return Double(value) / 1e9
  }

  /// Colour and depth firmware, as one text.
  var firmware: String {
    let parts = [("color", "COLOR"), ("depth", "DEPTH")].compactMap { label, name in
      values["K4A_\(name)_FIRMWARE_VERSION"].map { "\(label) \($0)" }
    }
    return parts.joined(separator: ", ")
  }

  func failure(_ name: String, _ value: String) -> CaptureError {
    CaptureError(
      .badInput, "The tag \(name) is `\(value.prefix(60))`, which cannot be.", at: path)
  }
}
