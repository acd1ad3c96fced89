public import CaptureCore
public import Foundation

/// A way in which another program keeps the calibration of a rig.
public protocol CalibrationFormat: Sendable {
  /// Name on the command line.
  static var name: String { get }
  /// Whether the format is a folder of files, not one file.
  static var isFolder: Bool { get }
  /// Writes a rig; a folder is made where there is none.
  /// - Throws: ``CaptureError`` `badInput` where the format cannot hold it, and for what writing meets.
  static func write(_ rig: CalibratedRig, to url: URL) throws(CaptureError)
  /// Reads a rig.
  /// - Throws: ``CaptureError`` `badInput` for what cannot be read, naming file and place.
  static func read(_ url: URL) throws(CaptureError) -> CalibratedRig
}

/// The formats that can be written and read.
public enum CalibrationFormats {
  /// All of them: a new one is one line here.
  public static let all: [any CalibrationFormat.Type] = [
    ColmapFormat.self,
    NerfstudioFormat.self,
    NeuSFormat.self,
    CwipcFormat.self,
    KalibrFormat.self,
  ]

  /// Largest text file that is read, bytes.
  static let limit = 4 << 20

  /// A format by its name.
  /// - Throws: ``CaptureError`` `usage`, with the names that there are.
  public static func named(_ name: String) throws(CaptureError) -> any CalibrationFormat.Type {
    guard let format = all.first(where: { $0.name == name }) else {
      throw CaptureError(
        .usage, "There is no calibration format `\(name)`.",
        remedy: "Choose one of: \(all.map { $0.name }.joined(separator: ", ")).")
    }
    return format
  }

  static func text(_ url: URL) throws(CaptureError) -> String {
    let data = try AtomicFile.read(url, limit: limit)
    guard let text = String(data: data, encoding: .utf8) else {
      throw CaptureError(.badInput, "The file is not UTF-8 text.", at: url.path)
    }
    return text
  }

  static func document(_ url: URL) throws(CaptureError) -> JSONNode {
    let data = try AtomicFile.read(url, limit: limit)
    do {
      return JSONNode(try JSONValue(parsing: data))
    } catch {
      throw error.within(url.path)
    }
  }

  /// The shortest text that reads back as the number.
  static func text(_ number: Double) -> String {
    JSONValue.number(number).text.trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
