internal import CaptureCore

/// The observations of some consecutive frames of a take.
final class WindowSource: ObservationSource {
  private let base: any ObservationSource
  private let range: Range<Int>

  init(_ base: any ObservationSource, _ range: Range<Int>) {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= base.frameCount, "frames of the take")
    (self.base, self.range) = (base, range)
  }

  var frameCount: Int { range.count }
  var times: [Double] { Array(base.times[range]) }
  var box: BoundingBox { base.box }
  var cameras: [PlacedCamera] { base.cameras }

  func timing(frame: Int, camera: Int) -> ObservationTiming {
    base.timing(frame: range.lowerBound + frame, camera: camera)
  }

  func frame(_ index: Int) throws(CaptureError) -> any FrameObservations {
    try base.frame(range.lowerBound + index)
  }
}
