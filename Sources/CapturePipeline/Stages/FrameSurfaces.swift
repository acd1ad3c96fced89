internal import CaptureCore
internal import DepthFusion
internal import FieldTraining
internal import Foundation
internal import Meshing
internal import RayObservations

/// The surface of each frame, by the method of the configuration.
struct FrameSurfaces: Sendable {
  private let cache: ObservationCache
  private let trained: TrainedField?
  private let configuration: JobConfiguration
  private let threads: Int
  private let motions: NeighbourMotions

  /// Bytes that the frames side by side may take, and that one takes, roughly, for each cell that
  /// would lie on the sides of its box: about 180 MB for a person in cells of 4 mm.
  private static let (budget, bytesPerCell) = (800e6, 200.0)

  /// How many frames may be extracted side by side.
  let framesAtOnce: Int

  init(_ context: StageContext) throws(CaptureError) {
    cache = try ObservationCache.open(folder: context.output.folder(.observe))
    var configuration = context.configuration
    // Cells finer than the voxels that depth was fused into show nothing more.
    if configuration.method == .tsdf {
      configuration.meshing.voxel = max(configuration.meshing.voxel, configuration.fusion.voxel)
      // A tenth of a preview's time; and colours were fused from what was seen.
      configuration.meshing.confidence = false
      configuration.meshing.seenColors = false
      configuration.meshing.steadyFrames = 0
    }
    motions = NeighbourMotions(cache, reach: configuration.meshing.steadyFrames)
    self.configuration = configuration
    let size = SIMD3<Double>(cache.box.size)
    let sides = 2 * (size.x * size.y + size.y * size.z + size.z * size.x)
    let bytes = Self.bytesPerCell * sides / pow(Double(configuration.meshing.voxel), 2)
    framesAtOnce = min(context.threads, 4, max(1, Int(Self.budget / bytes)))
    threads = max(1, context.threads / framesAtOnce)
    switch configuration.method {
    case .field:
      trained = try TrainedField.load(
        folder: context.output.folder(.train), backend: context.backend)
    case .tsdf: trained = nil
    }
  }

  /// What the stages before left of one frame.
  struct Evidence {
    let frame: any FrameObservations
    /// The field of that time; nil where depth is fused.
    let field: (any ScalarField)?
    let beside: [NearbyInstant]
  }

  /// What there is of the frame at a position among those that were observed.
  /// - Throws: ``CaptureError`` of files that cannot be read.
  func evidence(ofFrame position: Int) throws(CaptureError) -> Evidence {
    Evidence(
      frame: try cache.frame(position), field: try trained?.field(at: cache.times[position]),
      beside: try instants(around: position))
  }

  /// The mesh of a frame.
  /// - Throws: ``CaptureError`` `badInput` when the frame shows nothing.
  func mesh(of evidence: Evidence, monitor: StageMonitor) throws(CaptureError) -> TriangleMesh {
    let field: any ScalarField
    if let trained = evidence.field {
      field = trained
    } else {
      field = try FusedField(
        evidence.frame, cameras: cache.cameras, box: cache.box,
        configuration: configuration.fusion, threads: threads)
    }
    return try SurfaceExtractor.mesh(
      of: field, in: cache.box, endsAtFloor: cache.endsAtFloor, observations: evidence.frame,
      cameras: cache.cameras, beside: evidence.beside, configuration: configuration.meshing,
      threads: threads, monitor: monitor
    ).mesh
  }

  /// The field at the frames beside one to which the subject's motion is understood.
  private func instants(around position: Int) throws(CaptureError) -> [NearbyInstant] {
    guard let trained else { return [] }
    return try motions.ways(from: position).map { way throws(CaptureError) in
      NearbyInstant(field: try trained.field(at: cache.times[way.to])) { place in
        way.motions.reduce(place) { place, motion in place.flatMap(motion.carry) }
      }
    }
  }
}
