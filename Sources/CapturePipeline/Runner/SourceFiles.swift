internal import CaptureCore
internal import Foundation
internal import Recordings

/// The files of a recording, as inputs of the first stage.
enum SourceFiles {
  /// Most files that a recording may have: ten cameras for a day, and a bound on the memory.
  static let limit = 4_000_000

  /// A hash over names, sizes and times of all files below the folders, and of single files.
  ///
  /// Links are followed: what counts is what they lead to. Descriptions and lists (JSON and text up to
  /// 4 MiB) count by their content, so that copying a take changes nothing but what its images' times
  /// say. `excluded` is the output folder.
  static func fingerprint(
    of takes: [URL], excluding excluded: URL
  ) throws(CaptureError) -> String {
    var hash = SHA256()
    for take in takes {
      for source in try LinkedTakeReader.sources(of: take) {
        try add(source, to: &hash, excluding: excluded)
        if let video = AzureKinectRecording.video(beside: source) {
          try add(video, to: &hash, excluding: excluded)
        }
      }
    }
    return hash.hexDigest()
  }

  private static func add(
    _ take: URL, to hash: inout SHA256, excluding excluded: URL
  ) throws(CaptureError) {
    for name in try names(in: take, excluding: excluded) {
      let url = name.isEmpty ? take : take.appendingPathComponent(name)
      let status = try Self.status(of: url)
      guard status.st_mode & S_IFMT == S_IFREG else { continue }
      let time = status.st_mtim
      let isText = ["json", "txt"].contains(url.pathExtension) && status.st_size <= 4 << 20
      let mark =
        isText
        ? SHA256.hexDigest(of: try AtomicFile.read(url, limit: 4 << 20))
        : "\(status.st_size) \(time.tv_sec).\(time.tv_nsec)"
      hash.update(Data("\(name)\n\(mark)\n".utf8))
    }
  }

  private static func status(of url: URL) throws(CaptureError) -> stat {
    var status = stat()
    guard stat(url.path, &status) == 0 else {
      throw CaptureError(
        .badInput, "Reading failed: \(String(cString: strerror(errno))).", at: url.path)
    }
    return status
  }

  /// Names of all that is in a folder, relative to it, sorted; an empty one for a file.
  private static func names(in take: URL, excluding excluded: URL) throws(CaptureError) -> [String]
  {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: take.path, isDirectory: &isFolder) else {
      throw CaptureError(
        .badInput, "There is no such recording.", at: take.path,
        remedy: "Name the folder of a take, the one that holds take.json.")
    }
    guard isFolder.boolValue else { return [""] }
    let skipped = excluded.resolvingSymlinksInPath().path
    var names: [String] = []
    // `above` are the folders on the way here: a link to one of them has no end.
    func walk(_ folder: URL, _ prefix: String, above: [String]) throws(CaptureError) {
      let place = folder.resolvingSymlinksInPath().path
      guard place != skipped, !above.contains(place) else { return }
      let entries: [String]
      do { entries = try FileManager.default.contentsOfDirectory(atPath: folder.path) } catch {
        throw CaptureError(
          .badInput, "Reading failed: \(error.localizedDescription)", at: folder.path)
      }
      for entry in entries {
        let name = prefix + entry
        guard !name.hasPrefix(".") else { continue }
        names.append(name)
        guard names.count <= limit else {
          throw CaptureError(
            .limitExceeded, "The folder has more than \(limit) files.", at: take.path)
        }
        let url = folder.appendingPathComponent(entry)
        if try status(of: url).st_mode & S_IFMT == S_IFDIR {
          try walk(url, name + "/", above: above + [place])
        }
      }
    }
    try walk(take, "", above: [])
    return names.sorted()
  }
}
