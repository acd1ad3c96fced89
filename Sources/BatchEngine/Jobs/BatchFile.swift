internal import CaptureCore
internal import CapturePipeline
internal import Foundation

/// `batch.json`: takes with what holds for each of them.
///
///     {
///       "format": "fieldmesh-batch", "version": 1,
///       "rig": "stage", "calibrations": "calibration", "preset": "standard",
///       "set": ["training.steps=20000"],
///       "takes": [
///         "takes/walk-2026-11-03",
///         {"take": ["a/cam0.mkv", "a/cam1.mkv"], "name": "jump", "date": "2026-11-04",
///          "preset": "fine", "set": ["meshing.voxel=0.003"], "frames": "10..<250", "every": 2},
///         {"take": "takes/late", "calibration": "calibration/stage/moved.json"}
///       ]
///     }
///
/// Paths are relative to the file. A take without `calibration` has the newest one of its rig that
/// is not of a later day, `<calibrations>/<rig>/<date>.json`, where the file names `calibrations`.
struct BatchFile {
  private let url: URL
  private let rig: String?
  private let calibrations: CalibrationArchive?
  private let preset: String?
  private let settings: [String]
  private let entries: [JSONNode]

  static func read(_ url: URL) throws(CaptureError) -> BatchFile {
    let data = try AtomicFile.read(url, limit: 64 << 20)
    do throws(CaptureError) {
      return try BatchFile(JSONNode(try JSONValue(parsing: data)), url)
    } catch {
      throw error.within(url.path)
    }
  }

  private init(_ root: JSONNode, _ url: URL) throws(CaptureError) {
    try root.expectKeys([
      "format", "version", "rig", "calibrations", "preset", "set", "takes",
    ])
    try root.expectFormat("fieldmesh-batch", version: 1)
    self.url = url
    rig = try root.optionalMember("rig")?.string()
    calibrations = try root.optionalMember("calibrations").map { node throws(CaptureError) in
      CalibrationArchive(BatchJobs.url(try node.string(limit: 4096), beside: url))
    }
    preset = try root.optionalMember("preset")?.string()
    settings = try Self.settings(root)
    entries = try root.member("takes").elements(count: 1...BatchJobs.limit)
  }

  private static func settings(_ node: JSONNode) throws(CaptureError) -> [String] {
    guard let list = try node.optionalMember("set") else { return [] }
    return try list.elements(count: 0...1000).map { item throws(CaptureError) in
      try item.string(limit: 4096)
    }
  }

  func takes(_ command: BatchSettings) throws(CaptureError) -> [BatchTake] {
    try entries.map { entry throws(CaptureError) in
      do throws(CaptureError) {
        return try take(entry, command)
      } catch {
        throw error.within("\(url.path), \(entry.path)")
      }
    }
  }

  private func take(_ entry: JSONNode, _ command: BatchSettings) throws(CaptureError) -> BatchTake {
    if case .string = entry.value {
      return try take(named: nil, [try path(entry)], nil, command, settings)
    }
    try entry.expectKeys([
      "take", "name", "calibration", "rig", "date", "preset", "config", "set", "frames", "every",
    ])
    let node = try entry.member("take")
    var sources: [URL] = []
    if case .array = node.value {
      for item in try node.elements(count: 1...64) { sources.append(try path(item)) }
    } else {
      sources = [try path(node)]
    }
    var keys = settings + (try Self.settings(entry))
    if let frames = try entry.optionalMember("frames") {
      let range = try FrameSelection.range(try frames.string())
      keys += ["frames.first=\(range.first)", "frames.end=\(range.end.map(String.init) ?? "null")"]
    }
    if let every = try entry.optionalMember("every") {
      keys.append("frames.every=\(try every.integer(in: 1...1_000_000))")
    }
    return try take(
      named: try entry.optionalMember("name")?.string(), sources, entry, command, keys)
  }

  private func take(
    named name: String?, _ sources: [URL], _ entry: JSONNode?, _ command: BatchSettings,
    _ keys: [String]
  ) throws(CaptureError) -> BatchTake {
    let name = name ?? sources[0].lastPathComponent
    let config = try entry?.optionalMember("config").map { node throws(CaptureError) in
      try path(node)
    }
    let configuration = try command.configuration(
      preset: try entry?.optionalMember("preset")?.string() ?? preset, config: config,
      settings: keys)
    var calibration = command.calibration
    if let own = try entry?.optionalMember("calibration") {
      calibration = try path(own)
    } else if let calibrations {
      calibration = try calibrations.file(
        rig: try entry?.optionalMember("rig")?.string() ?? rig,
        date: try entry?.optionalMember("date")?.string(), take: sources[0])
    }
    return BatchTake(
      name: name, source: try TakeSource(takes: sources, calibration: calibration),
      configuration: configuration)
  }

  private func path(_ node: JSONNode) throws(CaptureError) -> URL {
    BatchJobs.url(try node.string(limit: 4096), beside: url)
  }
}
