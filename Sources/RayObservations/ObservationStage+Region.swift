public import CaptureCore

extension ObservationStage {
  /// Finds the region of interest and the floor as ``build`` does by itself, and writes nothing.
  ///
  /// - Parameters:
  ///   - cameras: The placed cameras, in the order of the images that `load` returns.
  ///   - frames: The frame sets; a few, spread over them, are loaded.
  ///   - configuration: Validated settings.
  ///   - load: Decodes one set; images that cannot be had are nil.
  /// - Returns: The box in world metres, the height of the floor under the world's origin where one
  ///   was found, and sentences that the user should read.
  /// - Throws: ``CaptureError`` `badInput` when nothing can be seen, and what `load` throws.
  public static func region(
    cameras: [PlacedCamera], frames: [FrameSet], configuration: ObservationConfiguration,
    load: (FrameSet) throws(CaptureError) -> [CameraFrame],
    monitor: StageMonitor = .silent
  ) throws(CaptureError) -> (box: BoundingBox, floorHeight: Float?, warnings: [String]) {
    let ranges = cameras.map { range($0, configuration) }
    let survey = try survey(rays(cameras), ranges, frames, load, configuration, monitor)
    return (survey.box, survey.floor?.c, survey.warnings)
  }
}
