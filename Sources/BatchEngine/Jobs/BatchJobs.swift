public import CaptureCore
internal import CapturePipeline
public import Foundation

/// The takes that a folder, a list or a `batch.json` names.
public struct BatchJobs: Sendable {
  /// The takes, in order.
  public private(set) var takes: [BatchTake] = []
  /// What was found and left alone, a sentence each.
  public private(set) var notes: [String] = []

  /// Most takes of one batch.
  public static let limit = 100_000

  /// Reads jobs: a folder of recordings (or one recording), a text file with a path a line, or a
  /// file that ends in `.json`.
  /// - Throws: ``CaptureError`` `usage` or `badInput` that names the file and the place in it.
  public init(_ url: URL, settings: BatchSettings = BatchSettings()) throws(CaptureError) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
      throw CaptureError(
        .badInput, "There is no such file or folder.", at: url.path,
        remedy: "Name a folder of takes, a list of paths, or a batch.json.")
    }
    if url.pathExtension == "json", !isFolder.boolValue {
      takes = try BatchFile.read(url).takes(settings)
    } else if isFolder.boolValue {
      try add(folder: url, settings)
    } else {
      try add(list: url, settings)
    }
    guard !takes.isEmpty else {
      throw CaptureError(
        .badInput, "There is no take\(notes.first.map { ": " + $0 } ?? ".")", at: url.path,
        remedy: "Name a folder whose folders are recordings, or 'fieldmesh inspect' one of them.")
    }
    guard takes.count <= Self.limit else {
      throw CaptureError(
        .limitExceeded, "There are \(takes.count) takes; at most \(Self.limit) are one batch.",
        at: url.path)
    }
  }

  /// The takes of a batch that was begun, as they were then.
  /// - Throws: ``CaptureError`` `usage` where no batch was begun.
  public init(continuing folder: BatchFolder) throws(CaptureError) {
    takes = try folder.readPlan().takes.map { take throws(CaptureError) in
      let job = try folder.job(of: take.id)
      return BatchTake(
        name: take.name, source: try job.source(), configuration: job.configuration)
    }
  }

  private mutating func add(
    folder: URL, _ settings: BatchSettings
  ) throws(CaptureError) {
    let configuration = try settings.configuration()
    if RecordingOutline.recognizes(folder) {
      takes = [
        try Self.take(folder.lastPathComponent, [folder], settings.calibration, configuration)
      ]
      return
    }
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    } catch {
      throw CaptureError(
        .badInput, "The folder cannot be read: \(error.localizedDescription).", at: folder.path)
    }
    for name in names where !name.hasPrefix(".") {
      let url = folder.appendingPathComponent(name)
      if RecordingOutline.recognizes(url) {
        takes.append(try Self.take(name, [url], settings.calibration, configuration))
      } else {
        notes.append("'\(name)' is no recording and is left out.")
      }
    }
  }

  private mutating func add(list: URL, _ settings: BatchSettings) throws(CaptureError) {
    let data = try AtomicFile.read(list, limit: 64 << 20)
    guard let text = String(data: data, encoding: .utf8) else {
      throw CaptureError(
        .badInput, "The list is not UTF-8 text.", at: list.path,
        remedy: "Write a path a line, or a batch.json.")
    }
    let configuration = try settings.configuration()
    for line in text.split(whereSeparator: \.isNewline)
    where !line.hasPrefix("#") && !line.allSatisfy(\.isWhitespace) {
      let paths = line.split(separator: "\t").map { Self.url(String($0), beside: list) }
      guard let first = paths.first else { continue }
      takes.append(
        try Self.take(first.lastPathComponent, paths, settings.calibration, configuration))
    }
  }

  private static func take(
    _ name: String, _ sources: [URL], _ calibration: URL?, _ configuration: JobConfiguration
  ) throws(CaptureError) -> BatchTake {
    BatchTake(
      name: name, source: try TakeSource(takes: sources, calibration: calibration),
      configuration: configuration)
  }

  /// A path of a file of jobs, relative to the file's folder.
  static func url(_ path: String, beside file: URL) -> URL {
    path.hasPrefix("/")
      ? URL(fileURLWithPath: path)
      : file.deletingLastPathComponent().appendingPathComponent(path).standardizedFileURL
  }
}

extension BatchSettings {
  /// The configuration of a take: its preset or this one's, the file, the take's keys, these keys.
  func configuration(
    preset stronger: String? = nil, config more: URL? = nil, settings keys: [String] = []
  ) throws(CaptureError) -> JobConfiguration {
    var result = JobConfiguration()
    if let name = stronger ?? preset { result = try JobPreset.named(name).configuration }
    for file in [config, more] {
      if let file { result = try result.reading(file) }
    }
    return try result.setting(keys + settings)
  }
}
