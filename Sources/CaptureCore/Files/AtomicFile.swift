public import Foundation

/// Files that are whole or absent: written beside their place, synced, renamed.
public enum AtomicFile {
  /// Writes `data` under `url`; the folder must exist.
  ///
  /// - Parameter isSynced: Whether the data is on the disk before the file gets its name. Where
  ///   thousands of files belong together and one that is written last vouches for them, they may be
  ///   synced just before that one, see ``sync(_:)``, which costs less.
  /// - Throws: ``CaptureError`` `tryAgain` when the disk is full, else `badInput`, naming the file.
  public static func write(
    _ data: Data, to url: URL, isSynced: Bool = true
  ) throws(CaptureError) {
    let temporary = temporary(for: url)
    let file = open(temporary.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw failure(errno, url) }
    let status = data.withUnsafeBytes { bytes -> Int32 in
      var at = 0
      while at < bytes.count {
        let n = Foundation.write(file, bytes.baseAddress! + at, min(bytes.count - at, 1 << 30))
        if n < 0 && errno == EINTR { continue }
        if n <= 0 { return errno == 0 ? EIO : errno }
        at += n
      }
      return !isSynced || fsync(file) == 0 ? 0 : errno
    }
    close(file)
    guard status == 0, rename(temporary.path, url.path) == 0 else {
      let cause = status == 0 ? errno : status
      unlink(temporary.path)
      throw failure(cause, url)
    }
  }

  /// Copies a file, piece by piece. Where the file system can, the two share their blocks until one
  /// of them is changed, and the copy costs no space.
  /// - Throws: ``CaptureError`` `badInput` when the source cannot be read, and as
  ///   ``write(_:to:isSynced:)`` does.
  public static func copy(_ source: URL, to url: URL) throws(CaptureError) {
    func check(_ succeeded: Bool) throws(CaptureError) {
      guard succeeded else {
        throw CaptureError(
          .badInput, "Reading failed: \(String(cString: strerror(errno))).", at: source.path)
      }
    }
    let file = open(source.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    try check(file >= 0)
    defer { close(file) }
    let copy = try AtomicFileStream(url)
    var piece = Data(count: copy.clone(file) ? 0 : 1 << 20)
    while !piece.isEmpty {
      let n = piece.withUnsafeMutableBytes { Foundation.read(file, $0.baseAddress, $0.count) }
      if n < 0 && errno == EINTR { continue }
      try check(n >= 0)
      guard n > 0 else { break }
      try copy.append(piece.prefix(n))
    }
    try copy.commit()
  }

  /// Waits until a file's data is on the disk.
  /// - Throws: ``CaptureError`` as ``write(_:to:isSynced:)`` does.
  public static func sync(_ url: URL) throws(CaptureError) {
    let file = open(url.path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw failure(errno, url) }
    let cause = fsync(file) == 0 ? 0 : errno
    close(file)
    guard cause == 0 else { throw failure(cause, url) }
  }

  /// Makes a folder and its parents.
  /// - Throws: ``CaptureError`` `badInput`, naming the folder.
  public static func makeFolder(_ url: URL) throws(CaptureError) {
    do {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    } catch {
      throw CaptureError(
        .badInput, "The folder cannot be made: \(obstacle(to: url)).", at: url.path,
        remedy: "Choose an output folder that can be written.")
    }
  }

  /// Why a folder cannot be made, in words.
  private static func obstacle(to url: URL) -> String {
    var at = url.standardizedFileURL
    var isFolder: ObjCBool = false
    while !FileManager.default.fileExists(atPath: at.path, isDirectory: &isFolder), at.path != "/" {
      at.deleteLastPathComponent()
    }
    return isFolder.boolValue ? "\(at.path) is not to be written" : "\(at.path) is a file"
  }

  /// Where a file is written before it gets its name: no two processes use the same, not even on two
  /// machines that share a disk and happen to give them one number.
  static func temporary(for url: URL) -> URL {
    url.deletingLastPathComponent()
      .appendingPathComponent(".\(url.lastPathComponent).\(writer).tmp")
  }

  private static let writer = Int.random(in: 0...Int.max)

  static func failure(_ cause: Int32, _ url: URL) -> CaptureError {
    let full = cause == ENOSPC || cause == EDQUOT
    return CaptureError(
      full ? .tryAgain : .badInput, "Writing failed: \(String(cString: strerror(cause))).",
      at: url.path,
      remedy: full
        ? "Free some space and run the same command again; finished work is kept."
        : "Choose an output folder that can be written.")
  }

  /// Bytes of a plain file; nil when there is none.
  public static func size(of url: URL) -> Int? {
    var status = stat()
    guard stat(url.path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
  }

  /// Reads a whole file of at most `limit` bytes.
  /// - Throws: ``CaptureError`` `badInput` when it is missing, `limitExceeded` when it is too large.
  public static func read(_ url: URL, limit: Int) throws(CaptureError) -> Data {
    // Without O_NONBLOCK, opening a named pipe waits for its writer.
    let file = open(url.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else {
      throw CaptureError(
        .badInput, "Reading failed: \(String(cString: strerror(errno))).", at: url.path)
    }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw CaptureError(.badInput, "This is not a plain file.", at: url.path)
    }
    guard status.st_size <= limit else {
      throw CaptureError(
        .limitExceeded, "The file has \(status.st_size) bytes; at most \(limit) are read.",
        at: url.path)
    }
    var data = Data(count: Int(status.st_size))
    var at = 0
    while at < data.count {
      let n = data.withUnsafeMutableBytes {
        Foundation.read(file, $0.baseAddress! + at, $0.count - at)
      }
      if n < 0 && errno == EINTR { continue }
      guard n > 0 else {
        throw CaptureError(.badInput, "The file ends too early.", at: url.path)
      }
      at += n
    }
    return data
  }
}
