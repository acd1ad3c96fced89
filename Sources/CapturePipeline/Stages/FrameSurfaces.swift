internal import CaptureCore
internal import DepthFusion
internal import FieldTraining
internal import Meshing
internal import RayObservations

/// The surface of each frame, by the method of the configuration.
struct FrameSurfaces: Sendable {
  private let cache: ObservationCache
  private let trained: TrainedField?
  private let configuration: JobConfiguration
  private let threads: Int

  init(_ context: StageContext) throws(CaptureError) {
    cache = try ObservationCache.open(folder: context.output.folder(.observe))
    (configuration, threads) = (context.configuration, context.threads)
    switch configuration.method {
    case .field:
      trained = try TrainedField.load(
        folder: context.output.folder(.train), backend: context.backend)
    case .tsdf: trained = nil
    }
  }

  /// The mesh of the frame at a position among those that were observed.
  /// - Throws: ``CaptureError`` `badInput` when the frame shows nothing.
  func mesh(ofFrame position: Int, monitor: StageMonitor) throws(CaptureError) -> TriangleMesh {
    let frame = try cache.frame(position)
    let field: any ScalarField
    if let trained {
      field = try trained.field(at: cache.times[position])
    } else {
      field = try FusedField(
        frame, cameras: cache.cameras, box: cache.box, configuration: configuration.fusion,
        threads: threads)
    }
    return try SurfaceExtractor.mesh(
      of: field, in: cache.box, observations: frame, configuration: configuration.meshing,
      threads: threads, monitor: monitor
    ).mesh
  }
}
