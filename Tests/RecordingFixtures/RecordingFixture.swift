internal import CaptureTestSupport
public import Foundation

/// A small recording in one of the formats that are read: how to write it, and what must be found.
public struct RecordingFixture: Sendable {
  /// Name of the format.
  public let format: String
  /// What is recorded.
  public let source: FixtureSource
  /// Whether the format says where the cameras stand.
  public let hasPlaces: Bool
  /// Rate that the format says or shows, hertz.
  public let framesPerSecond: Double
  /// Mean error of colours that the format's coding makes, in steps of 8 bits.
  public let colorError: Int
  /// Files that tell the images' places, times or lenses; tests damage them.
  public let documents: [String]
  /// Writes a recording to a folder that does not exist yet.
  let writer: @Sendable (FixtureSource, URL) throws -> Void

  init(
    _ format: String, _ source: FixtureSource, hasPlaces: Bool = true,
    framesPerSecond: Double = FixtureSource.rate, colorError: Int = 0, documents: [String],
    writer: @escaping @Sendable (FixtureSource, URL) throws -> Void
  ) {
    (self.format, self.source, self.hasPlaces) = (format, source, hasPlaces)
    (self.framesPerSecond, self.colorError) = (framesPerSecond, colorError)
    (self.documents, self.writer) = (documents, writer)
  }

  /// One for each format; a new one is a line here.
  public static let all: [RecordingFixture] = [
    .nativeTake, .linkedTake, .azureKinect, .cameraFolders, .tumFolders, .nerfstudio, .cwipc,
    .realSenseBags, .plainFolders,
  ]

  /// Writes the recording to a new folder.
  public func write() throws -> URL {
    let url = Scratch.unused()
    try writer(source, url)
    return url
  }
}
