internal import Calibration
internal import CaptureCore
internal import DepthFusion
internal import FieldTraining
internal import Foundation
internal import Meshing
internal import RayObservations

/// The surface of each frame, by the method of the configuration.
struct FrameSurfaces: Sendable {
  private let cache: ObservationCache
  /// What the cache holds, seen from where training left the cameras.
  private let source: any ObservationSource
  private let trained: TrainedField?
  private let configuration: JobConfiguration
  private let threads: Int
  private let motions: NeighbourMotions

  /// Bytes that the frames side by side may take, and that one takes, roughly, for each cell that
  /// would lie on the sides of its box: about 180 MB for a person in cells of 4 mm.
  private static let (budget, bytesPerCell) = (800e6, 200.0)
  /// Bytes that fusion takes for each depth pixel of a frame.
  private static let bytesPerPixel = 56

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
      configuration.meshing.sheets = 0
    }
    source = try Self.source(cache, context)
    motions = NeighbourMotions(source, reach: configuration.meshing.steadyFrames)
    self.configuration = configuration
    let size = SIMD3<Double>(cache.box.size)
    let sides = 2 * (size.x * size.y + size.y * size.z + size.z * size.x)
    var bytes = Self.bytesPerCell * sides / pow(Double(configuration.meshing.voxel), 2)
    if configuration.method == .tsdf {
      let pixels = cache.cameras.compactMap(\.description.depth).reduce(0) {
        $0 + $1.width * $1.height
      }
      bytes += Double(Self.bytesPerPixel * pixels)
    }
    framesAtOnce = min(context.threads, 4, max(1, Int(Self.budget / bytes)))
    threads = max(1, context.threads / framesAtOnce)
    switch configuration.method {
    case .field:
      trained = try TrainedField.load(
        folder: context.output.folder(.train), backend: context.backend)
    case .tsdf: trained = nil
    }
  }

  /// The observations, with the poses that the field was trained with.
  private static func source(
    _ cache: ObservationCache, _ context: StageContext
  ) throws(CaptureError) -> any ObservationSource {
    guard context.configuration.method == .field, context.configuration.training.refinePoses else {
      return cache
    }
    let file = context.output.refinedCalibration
    let refined = try CalibrationFile.read(file)
    let rig = TakeDescription(
      name: "", framesPerSecond: 1, cameras: cache.cameras.map(\.description))
    do {
      return cache.seen(from: try place(rig, refined).map(\.worldFromColor))
    } catch {
      throw error.within(file.path)
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
      frame: try source.frame(position), field: try trained?.field(at: cache.times[position]),
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
        evidence.frame, cameras: source.cameras, box: cache.box,
        configuration: configuration.fusion, threads: threads)
    }
    return try SurfaceExtractor.mesh(
      of: field, in: cache.box, endsAtFloor: cache.endsAtFloor, observations: evidence.frame,
      cameras: source.cameras, beside: evidence.beside, configuration: configuration.meshing,
      threads: threads, monitor: monitor
    ).mesh
  }

  /// The field at the frames beside one to which the subject's motion is understood.
  private func instants(around position: Int) throws(CaptureError) -> [NearbyInstant] {
    guard let trained else { return [] }
    return try motions.ways(from: position).map { way throws(CaptureError) in
      NearbyInstant(
        field: try trained.field(at: cache.times[way.to]), seen: try source.frame(way.to)
      ) { place in
        way.motions.reduce(place) { place, motion in place.flatMap(motion.carry) }
      }
    }
  }
}
