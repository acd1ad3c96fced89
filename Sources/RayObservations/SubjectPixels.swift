public import CaptureCore

/// Which depth pixels of a take show the subject, by the rules of ``ObservationStage``: inside the region of
/// interest, off the floor, in the mask, not of the still background, and borne out by their neighbours.
public struct SubjectPixels: Sendable {
  private let observers: [CameraObserver?]

  /// Surveys the take as ``ObservationStage/build(cameras:frames:load:configuration:folder:resumes:threads:monitor:)`` does.
  ///
  /// - Parameters:
  ///   - cameras: The placed cameras, in the order of the images that `load` returns.
  ///   - frames: The frame sets; a few, spread over them, are loaded.
  ///   - load: Decodes one set; images that cannot be had are nil.
  /// - Throws: ``CaptureError`` `badInput` when nothing can be seen, `usage` for a configuration out of
  ///   range, and what `load` throws.
  public init(
    cameras: [PlacedCamera], frames: [FrameSet],
    load: (FrameSet) throws(CaptureError) -> [CameraFrame],
    configuration: ObservationConfiguration, monitor: StageMonitor = .silent
  ) throws(CaptureError) {
    try configuration.validate()
    (observers, _) = try ObservationStage.observers(cameras, frames, load, configuration, monitor)
  }

  /// z-depth of each pixel as it was recorded, metres, `[height × width]`; 0 where it does not show the
  /// subject. Nil without a depth image of the lens's size.
  public func depth(_ frame: CameraFrame, camera: Int) -> [Float]? {
    observers[camera]?.subjectDepth(frame)
  }
}
