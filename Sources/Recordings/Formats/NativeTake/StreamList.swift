internal import CaptureCore
internal import Foundation

/// A list of images after the TUM convention: `<time, seconds> <file>` a line, `#` for comments.
enum StreamList {
  /// Largest list that is read, bytes: over a million lines.
  static let limit = 64 << 20
  /// Times beyond this are no recording, seconds (300 years).
  static let latest = 1e10

  /// Reads a list whose files lie in the take's folder and whose times never go backwards.
  static func read(_ url: URL, in folder: inout TakeFolder) throws(CaptureError) -> RecordedStream {
    let data = try AtomicFile.read(url, limit: limit)
    var samples: [StreamSample] = []
    var files: [URL] = []
    for (number, bytes) in data.split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
    ).enumerated() {
      let place = "\(url.path), line \(number + 1)"
      guard let sample = try parse(bytes, place) else { continue }
      if let last = samples.last, sample.time < last.time {
        throw CaptureError(
          .badInput, "The time goes back from \(last.time) to \(sample.time) s.", at: place,
          remedy: "Lists are in the order of recording.")
      }
      guard let file = folder.file(sample.name) else {
        throw CaptureError(
          .badInput, "The file `\(sample.name.prefix(80))` is not inside the take's folder.",
          at: place, remedy: "Paths are relative to the take, without `.` and `..`.")
      }
      samples.append(sample)
      files.append(file)
    }
    return RecordedStream(samples: samples, files: files)
  }

  /// One line's time and file; nil for an empty line or a comment.
  private static func parse(_ bytes: Data, _ place: String) throws(CaptureError) -> StreamSample? {
    guard let line = String(validating: bytes, as: UTF8.self) else {
      throw CaptureError(.badInput, "The line is not UTF-8 text.", at: place)
    }
    let trimmed = line.trimmingCharacters(in: .whitespaces.union(.newlines))
    if trimmed.isEmpty || trimmed.hasPrefix("#") { return nil }
    let parts = trimmed.split(maxSplits: 1, whereSeparator: { $0 == " " || $0 == "\t" })
    guard parts.count == 2, parts[0].utf8.allSatisfy(isNumeral), let time = Double(parts[0]) else {
      throw CaptureError(
        .badInput, "The line is not `<time in seconds> <file>`: `\(trimmed.prefix(80))`.",
        at: place)
    }
    guard abs(time) <= latest else {
      throw CaptureError(.badInput, "The time \(parts[0].prefix(40)) is out of range.", at: place)
    }
    return StreamSample(
      time: time, name: parts[1].trimmingCharacters(in: .whitespaces))
  }

  /// Keeps words that a double parses, such as `nan` and `0x1p3`, out of the times.
  private static func isNumeral(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || [0x2b, 0x2d, 0x2e, 0x45, 0x65].contains(byte)
  }

  /// The list's text.
  static func text(_ samples: [StreamSample]) -> String {
    samples.reduce(into: "# time[s] file\n") { $0 += "\($1.time) \($1.name)\n" }
  }
}
