internal import CaptureCore
internal import Foundation

/// A format whose images are files of their own: its reader has to say which, no more.
protocol ImageFileRecording: RecordingReader {
  /// Cameras, lists and files.
  var streams: RecordedStreams { get }
}

extension ImageFileRecording {
  func samples(camera: Int, kind: StreamKind) -> [StreamSample] { streams.samples(camera, kind) }

  func depth(camera: Int, index: Int) throws(CaptureError) -> DepthImage {
    try streams.depth(camera, index)
  }

  func color(camera: Int, index: Int) throws(CaptureError) -> ColorImage {
    try streams.color(camera, index)
  }

  func mask(camera: Int, index: Int) throws(CaptureError) -> MaskImage {
    try streams.mask(camera, index)
  }

  func encoded(camera: Int, kind: StreamKind, index: Int) throws(CaptureError) -> Data? {
    try streams.encoded(camera, kind, index)
  }
}
