internal import CaptureCore
internal import Foundation

/// A folder of calibrations, `<rig>/<date>.json`: each holds from its day on, until the next.
struct CalibrationArchive {
  let folder: URL

  init(_ folder: URL) { self.folder = folder }

  /// The newest calibration of a rig that is not of a later day than the take.
  ///
  /// - Parameters:
  ///   - date: The take's day, `2026-11-03`; where it is not given, the last day that is written in
  ///     the path of the take counts, `2026-11-03` or `20261103`.
  ///   - take: The take's path.
  /// - Throws: ``CaptureError`` `usage` without a rig or a day; `badInput` where there is no such
  ///   calibration.
  func file(rig: String?, date: String?, take: URL) throws(CaptureError) -> URL {
    guard let rig, !rig.contains("/"), !rig.hasPrefix(".") else {
      throw CaptureError(
        .usage, "The take has no rig to choose a calibration for.", at: take.path,
        remedy: "Name 'rig', a folder of \(folder.path), or the take's 'calibration'.")
    }
    guard let day = Self.day(date ?? "") ?? (date == nil ? Self.day(take.path) : nil) else {
      throw CaptureError(
        .usage, "The take's day is not known.", at: take.path,
        remedy: "Write 'date' such as \"2026-11-03\", or the take's 'calibration'.")
    }
    let home = folder.appendingPathComponent(rig)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: home.path)) ?? []
    let dated = names.filter { $0.hasSuffix(".json") }
      .compactMap { name in Self.day(name).map { (day: $0, name: name) } }
      .sorted { ($0.day, $0.name) < ($1.day, $1.name) }
    guard let choice = dated.last(where: { $0.day <= day }) else {
      throw CaptureError(
        .badInput, "The rig has no calibration of \(day) or before.", at: home.path,
        remedy: dated.first.map { "The first one is \($0.name)." } ?? "Calibrate the rig.")
    }
    return home.appendingPathComponent(choice.name)
  }

  /// The last day in a text, as `2026-11-03`; nil where there is none.
  static func day(_ text: String) -> String? {
    let days = text.matches(of: /(?:^|\D)(20\d\d)(-?)([01]\d)\2([0-3]\d)(?!\d)/)
    return days.last.map { "\($0.1)-\($0.3)-\($0.4)" }
  }
}
