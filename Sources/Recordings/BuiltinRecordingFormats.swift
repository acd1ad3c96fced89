public import CaptureCore
public import Foundation

/// The formats that come with the program; a new one is a file and a line here.
public enum BuiltinRecordingFormats {
  /// All readers, in the order in which they are tried.
  public static let all: [any RecordingReader.Type] = [
    NativeTakeReader.self,
    LinkedTakeReader.self,
    AzureKinectRecording.self,
    CameraFoldersReader.self,
    TUMFoldersReader.self,
    NerfstudioReader.self,
    CwipcReader.self,
    RealSenseBagReader.self,
    PlainFoldersReader.self,
  ]
}

/// Finds the reader for a recording.
public enum RecordingFormats {
  /// Opens one recording, or several of one rig as one.
  /// - Throws: ``CaptureError`` as ``open(_:)-(URL)`` does, and when the cameras of several sources
  ///   cannot be told apart.
  public static func open(_ urls: [URL]) throws(CaptureError) -> any Recording {
    guard let first = urls.first else {
      throw CaptureError(.usage, "There is no recording.", remedy: "Name one or more.")
    }
    if urls.count == 1 { return try open(first) }
    return try JoinedRecording(
      urls.map { url throws(CaptureError) in try open(url) }, from: urls)
  }

  /// Times in another unit than seconds look like cameras of thousands of images a second, which there are none of.
  private static func checkRates(
    of recording: any Recording, at url: URL
  ) throws(CaptureError) {
    for (camera, description) in recording.take.cameras.enumerated() {
      for kind in [StreamKind.depth, .color] {
        let samples = recording.samples(camera: camera, kind: kind)
        guard samples.count > 2, let first = samples.first, let last = samples.last else {
          continue
        }
        let gap = (last.time - first.time) / Double(samples.count - 1)
        guard gap < TakeDescription.shortestGap else { continue }
        throw CaptureError(
          .badInput,
          "The \(kind.rawValue) images of camera \(description.id) are \(gap) s apart in the mean.",
          at: url.path, remedy: "Times are in seconds; write them so.")
      }
    }
  }

  /// Whether some format recognizes a folder or file; a look at names, never at images.
  public static func recognizes(_ url: URL) -> Bool {
    BuiltinRecordingFormats.all.contains { $0.recognizes(url) }
  }

  /// Opens a recording with the first format that recognizes it.
  /// - Throws: ``CaptureError`` `badInput` when nothing is there or no format recognizes it, and
  ///   whatever the format's reader throws.
  public static func open(_ url: URL) throws(CaptureError) -> any RecordingReader {
    guard FileManager.default.fileExists(atPath: url.path) else {
      throw CaptureError(.badInput, "There is no such file or folder.", at: url.path)
    }
    for format in BuiltinRecordingFormats.all where format.recognizes(url) {
      let recording = try format.open(url)
      try checkRates(of: recording, at: url)
      return recording
    }
    let wanted = BuiltinRecordingFormats.all.map { "\($0.signature) (\($0.name))" }
    throw CaptureError(
      .badInput, "No known recording format. Looked for \(wanted.joined(separator: ", ")).",
      at: url.path, remedy: "Give the folder that holds one of these.")
  }
}
