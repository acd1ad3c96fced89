internal import CaptureCore
internal import Recordings

/// Where the images of a synthetic rig go. All functions but ``finish()`` may be called from several
/// threads; the images of one frame come from one.
protocol SyntheticImages: Sendable {
  /// Takes an image of a frame: its number in the stream, and its device time in seconds.
  func write(
    _ image: DepthImage, frame: Int, camera: Int, index: Int, time: Double
  ) throws(CaptureError)
  /// Takes a colour image.
  func write(
    _ image: ColorImage, frame: Int, camera: Int, index: Int, time: Double
  ) throws(CaptureError)
  /// Takes a mask.
  func write(
    _ image: MaskImage, frame: Int, camera: Int, index: Int, time: Double
  ) throws(CaptureError)
  /// Says that a frame has no more images.
  func end(frame: Int) throws(CaptureError)
  /// Makes the recording whole, after all frames.
  func finish() throws(CaptureError)
}

extension TakeWriter: SyntheticImages {
  func write(
    _ image: DepthImage, frame: Int, camera: Int, index: Int, time: Double
  ) throws(CaptureError) {
    try write(image, camera: camera, index: index, time: time)
  }

  func write(
    _ image: ColorImage, frame: Int, camera: Int, index: Int, time: Double
  ) throws(CaptureError) {
    try write(image, camera: camera, index: index, time: time)
  }

  func write(
    _ image: MaskImage, frame: Int, camera: Int, index: Int, time: Double
  ) throws(CaptureError) {
    try write(image, camera: camera, index: index, time: time)
  }

  /// Files of a take may come in any order.
  func end(frame: Int) {}
}
