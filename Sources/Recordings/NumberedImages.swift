internal import CaptureCore
internal import Foundation

/// Folders of images whose names end in a frame number.
enum NumberedImages {
  /// Frame numbers beyond this are not frame numbers (a year at 30 Hz).
  private static let highestNumber = 1_000_000_000

  /// The images of the first of these folders that exists, ordered by the number in their names;
  /// the time is number / rate. Without such a folder, no images.
  static func stream(
    _ names: [String], in url: URL, framesPerSecond: Double
  ) throws(CaptureError) -> RecordedStream {
    for name in names {
      let folder = url.appendingPathComponent(name)
      if isFolder(folder) { return try stream(folder, framesPerSecond) }
    }
    return .none
  }

  static func isFolder(_ url: URL) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
      && isFolder.boolValue
  }

  /// The folder itself where it is a camera's, else those right below it that are.
  static func cameraFolders(at url: URL, where isCamera: (URL) -> Bool) -> [URL] {
    isCamera(url) ? [url] : subfolders(of: url, where: isCamera)
  }

  /// The folders right below `url` that pass, `cam_2` before `cam_10`.
  static func subfolders(of url: URL, where passes: (URL) -> Bool) -> [URL] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
    return names.sorted(by: naturally).map { url.appendingPathComponent($0) }.filter(passes)
  }

  /// Order of names by their last number, where all else in them is the same.
  static func naturally(_ a: String, _ b: String) -> Bool {
    func key(_ name: String) -> (String, Int, String) {
      (name.filter { !$0.isNumber }, frameNumber(name) ?? 0, name)
    }
    return key(a) < key(b)
  }

  private static func stream(
    _ folder: URL, _ framesPerSecond: Double
  ) throws(CaptureError) -> RecordedStream {
    var numbered: [(number: Int, name: String)] = []
    for name in try names(in: folder) where isImage(name) {
      guard let number = frameNumber(name) else {
        throw CaptureError(
          .badInput, "The file's name has no frame number.",
          at: folder.appendingPathComponent(name).path)
      }
      numbered.append((number, name))
    }
    numbered.sort { ($0.number, $0.name) < ($1.number, $1.name) }
    if let twice = zip(numbered, numbered.dropFirst()).first(where: { $0.0.number == $0.1.number })
    {
      throw CaptureError(
        .badInput,
        "Two files have the frame number \(twice.0.number): \(twice.0.name), \(twice.1.name).",
        at: folder.path)
    }
    return RecordedStream(
      samples: numbered.map {
        StreamSample(
          time: Double($0.number) / framesPerSecond, name: "\(folder.lastPathComponent)/\($0.name)")
      },
      files: numbered.map { folder.appendingPathComponent($0.name) })
  }

  private static func names(in folder: URL) throws(CaptureError) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder.path)
    } catch {
      throw CaptureError(.badInput, "The folder cannot be listed.", at: folder.path)
    }
  }

  private static func isImage(_ name: String) -> Bool {
    !name.hasPrefix(".") && [".png", ".jpg", ".jpeg"].contains { name.lowercased().hasSuffix($0) }
  }

  /// The last run of digits before the extension: 12 in `video_3_frame_0012.png`.
  static func frameNumber(_ name: String) -> Int? {
    let stem = name.prefix(upTo: name.lastIndex(of: ".") ?? name.endIndex)
    let tail = stem.reversed().drop { !$0.isASCII || !$0.isNumber }
    let digits = tail.prefix { $0.isASCII && $0.isNumber }
    guard let number = Int(String(digits.reversed())), number <= highestNumber else { return nil }
    return number
  }
}

extension CameraDescription {
  /// Checks that a recording has 1 to ``limit`` of what stands for a camera in it.
  /// - Throws: ``CaptureError`` of the given code.
  static func check(
    count: Int, of things: String, at url: URL, code: CaptureError.Code = .limitExceeded
  ) throws(CaptureError) {
    guard (1...limit).contains(count) else {
      throw CaptureError(
        code, "There are \(count) \(things); 1 to \(limit) can be read.", at: url.path)
    }
  }
}
