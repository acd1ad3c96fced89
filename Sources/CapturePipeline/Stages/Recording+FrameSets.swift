internal import CaptureCore
internal import FrameSync
internal import Recordings

extension Recording {
  /// The recording's frame sets, and how its streams fit together.
  func synchronized(
    _ configuration: FrameSyncConfiguration = FrameSyncConfiguration()
  ) -> (sets: [FrameSet], report: SyncReport) {
    let cameras = take.cameras.enumerated().map { index, camera in
      let streams = StreamKind.allCases.map { kind in
        (kind, samples(camera: index, kind: kind).map(\.time))
      }
      return CameraTimes(
        id: camera.id, sync: camera.sync, times: Dictionary(uniqueKeysWithValues: streams))
    }
    return frameSets(
      of: cameras, framesPerSecond: take.framesPerSecond, configuration: configuration)
  }
}
