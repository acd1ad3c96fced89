import ArgumentParser
import CaptureCore
import Foundation

/// A file that a picture is to be drawn into.
struct PictureArgument: ExpressibleByArgument {
  private let path: String

  init?(argument: String) { path = argument }

  /// The file, for whose folder is seen to; to be asked for before anything long is done.
  /// - Throws: ``CaptureError`` `usage` for names that say something else than PNG, `badInput` where the folder
  ///   cannot be made.
  func url(_ option: String) throws(CaptureError) -> URL {
    let url = URL(fileURLWithPath: path)
    guard url.pathExtension.lowercased() == "png" else {
      throw CaptureError(
        .usage, "Pictures are PNG files, but the name is '\(path)'.", at: option,
        remedy: "Let it end in .png.")
    }
    try AtomicFile.makeFolder(url.deletingLastPathComponent())
    return url
  }
}
