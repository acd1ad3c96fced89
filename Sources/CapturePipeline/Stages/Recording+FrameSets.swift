internal import CaptureCore
internal import ClockEstimation
internal import FrameSync
internal import Recordings

extension Recording {
  /// A depth image without the bias of its sensor, whose lens is that of `device`.
  func depth(
    camera: Int, index: Int, of device: CameraDescription, without bias: DepthBias
  ) throws(CaptureError) -> DepthImage {
    let image = try depth(camera: camera, index: index)
    guard let model = device.depth else { return image }
    return bias.corrected(image, model: model)
  }

  /// What the recording tells of its cameras' clocks; nil where none has to be told.
  ///
  /// - Parameter places: The cameras in the world, as far as they are known.
  /// - Throws: ``CaptureError`` `tryAgain` when asked to stop.
  func clocks(
    _ places: [PlacedCamera]?, _ configuration: ClockConfiguration, threads: Int? = nil,
    monitor: StageMonitor = .silent
  ) throws(CaptureError) -> [ClockEstimate]? {
    guard ClockEstimator.isNeeded(for: take.cameras, mode: configuration.mode) else { return nil }
    let cameras = take.cameras.enumerated().map { index, camera in
      ClockCamera(
        description: places?[index].description ?? camera,
        worldFromDepth: places?[index].worldFromDepth,
        depthTimes: samples(camera: index, kind: .depth).map { $0.time - camera.sync.delay })
    }
    // An image that cannot be read is left out here; the stage that needs it names it.
    return try ClockEstimator(cameras, configuration: configuration, threads: threads) {
      try? depth(camera: $0, index: $1)
    }.estimate(monitor)
  }

  /// When the cameras took their images.
  func times(_ clocks: [ClockEstimate]?) -> [CameraTimes] {
    take.cameras.enumerated().map { index, camera in
      let streams = StreamKind.allCases.map { kind in
        (kind, samples(camera: index, kind: kind).map(\.time))
      }
      return CameraTimes(
        id: camera.id, sync: camera.sync, times: Dictionary(uniqueKeysWithValues: streams),
        clock: clocks?[index])
    }
  }

  /// The recording's frame sets, and how its streams fit together.
  func synchronized(
    _ configuration: FrameSyncConfiguration = FrameSyncConfiguration(),
    clocks: [ClockEstimate]? = nil
  ) -> (sets: [FrameSet], report: SyncReport) {
    frameSets(
      of: times(clocks), framesPerSecond: take.framesPerSecond, configuration: configuration)
  }
}
