internal import CaptureCore
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
      throw CaptureError(.usage, "Fusion is not wired.", at: "method")
    }
    return try SurfaceExtractor.mesh(
      of: field, in: cache.box, observations: frame, configuration: configuration.meshing,
      threads: threads, monitor: monitor
    ).mesh
  }

  /// The mesh at any time of the take; nothing is carved, because no camera looked at that instant.
  /// - Throws: ``CaptureError`` `usage` for fusion, which knows only the recorded instants, and for a
  ///   time outside of the take.
  func mesh(at time: Double, monitor: StageMonitor) throws(CaptureError) -> TriangleMesh {
    guard let trained else {
      throw CaptureError(
        .usage, "Fusion has no surface between frames.", at: "--time",
        remedy: "Use the method 'field'.")
    }
    return try SurfaceExtractor.mesh(
      of: try trained.field(at: time), in: cache.box, configuration: configuration.meshing,
      threads: threads, monitor: monitor
    ).mesh
  }
}
