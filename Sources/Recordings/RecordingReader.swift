public import CaptureCore
public import Foundation

/// A recording that is open for reading: lists in memory, images decoded when they are asked for.
///
/// Readers convert to the project's conventions on the way in: metres, seconds, z-depth, pixel
/// centres at integers, camera frames +x right, +y down, +z forward. All of a recording's functions
/// may be called from several threads.
public protocol Recording: Sendable {
  /// Name of the format, for messages.
  var format: String { get }

  /// What was recorded, by which cameras.
  var take: TakeDescription { get }

  /// The calibration found in the recording, if there is one.
  var calibration: RigCalibration? { get }

  /// What the user should read, a sentence each: what opening found, and what reading images has
  /// found since that does not keep them from being used.
  var warnings: [String] { get }

  /// The images of a stream, by device time, which never goes backwards; empty without the stream.
  func samples(camera: Int, kind: StreamKind) -> [StreamSample]

  /// Decodes a depth image.
  /// - Throws: ``CaptureError`` that names file, camera and frame.
  func depth(camera: Int, index: Int) throws(CaptureError) -> DepthImage

  /// Decodes a colour image.
  /// - Throws: ``CaptureError`` that names file, camera and frame.
  func color(camera: Int, index: Int) throws(CaptureError) -> ColorImage

  /// Decodes a subject mask, of the colour image's size.
  /// - Throws: ``CaptureError`` that names file, camera and frame.
  func mask(camera: Int, index: Int) throws(CaptureError) -> MaskImage

  /// The image as it was recorded, where that is a JPEG or PNG that a take may hold as it is; nil
  /// where the image has to be decoded and encoded again. Nothing in the bytes is checked.
  /// - Throws: ``CaptureError`` that names file, camera and frame.
  func encoded(camera: Int, kind: StreamKind, index: Int) throws(CaptureError) -> Data?
}

/// A format of recordings: how to recognize one and open it.
public protocol RecordingReader: Recording {
  /// Name of the format, for lists and messages.
  static var name: String { get }

  /// What a recording of this format must hold to be recognized, as a phrase for messages.
  static var signature: String { get }

  /// Whether the folder or file looks like this format; a look at names, never at images.
  static func recognizes(_ url: URL) -> Bool

  /// Opens a recording and checks everything but the images.
  /// - Throws: ``CaptureError`` that names the file.
  static func open(_ url: URL) throws(CaptureError) -> Self
}

extension Recording {
  /// None.
  public var warnings: [String] { [] }

  /// Nil: every image is decoded.
  public func encoded(
    camera: Int, kind: StreamKind, index: Int
  ) throws(CaptureError) -> Data? { nil }
}

extension RecordingReader {
  /// Name of the format.
  public var format: String { Self.name }
}
