public import CaptureCore
public import Foundation
internal import RayObservations

/// Compares meshes with what the cameras of a take recorded: each mesh is drawn as each camera sees it.
///
/// Meshes belong to the frame set whose number is the last one in their files' names. What counts are the
/// depth pixels that show the subject, by the rules of the run itself: see ``SubjectPixels``. They depend on
/// the take and the configuration alone, not on the meshes, so that every method is asked for the same.
public struct ImageEvaluation: Sendable {
  /// What came out.
  public struct Outcome: Sendable, Equatable {
    /// Figures of one camera: of all its pixels that show the subject, and of those among them whose place
    /// another camera of the take saw too that is not compared; nil when all cameras are.
    public struct Camera: Sendable, Equatable {
      /// The camera's name.
      public var id: String
      /// Of all its pixels that show the subject.
      public var figures: PredictionFigures
      /// Of what others saw as well.
      public var shared: PredictionFigures?
    }

    /// The cameras compared, in the take's order.
    public var cameras: [Camera]
    /// What counts as near, metres.
    public var within: Double
    /// Frame sets with a mesh, and without.
    public var frames, missing: Int

    /// All cameras together.
    public var total: PredictionFigures {
      cameras.reduce(into: PredictionFigures()) { $0.add($1.figures) }
    }

    /// All cameras together, of what others saw as well; nil when all cameras are compared.
    public var shared: PredictionFigures? {
      let parts = cameras.compactMap(\.shared)
      return parts.isEmpty ? nil : parts.reduce(into: PredictionFigures()) { $0.add($1) }
    }
  }

  /// Folder of the meshes.
  public var meshes: URL
  /// The recording.
  public var source: TakeSource
  /// Which cameras are compared (`cameras`), which frame sets (`frames`), how they are put together, and
  /// what the subject is (`observations`). Region and floor are found by all cameras.
  public var configuration: JobConfiguration
  /// What counts as near, metres.
  public var within: Double
  /// Threads to use; all cores if nil. The figures do not depend on it.
  public var threads: Int?
  /// Where a picture goes that shows what was recorded and predicted; nil for none.
  public var picture: URL?

  /// An evaluation of the meshes in a folder.
  public init(
    meshes: URL, source: TakeSource, configuration: JobConfiguration = JobConfiguration(),
    within: Double = 0.01, threads: Int? = nil, picture: URL? = nil
  ) {
    (self.meshes, self.source, self.configuration) = (meshes, source, configuration)
    (self.within, self.threads, self.picture) = (within, threads, picture)
  }

  /// Runs it. Holds the images and the mesh of one frame set a thread.
  ///
  /// - Throws: ``CaptureError`` `usage` for cameras that the take does not have and for `within` out of
  ///   range; `badInput` when no frame set has a mesh, when no compared camera has depth, and for files that
  ///   cannot be read; `tryAgain` when stopped.
  public func run(_ monitor: StageMonitor = .silent) throws(CaptureError) -> Outcome {
    guard within > 0, within <= Double(PredictionFigures.farthest) else {
      throw CaptureError(
        .usage, "\(within) is out of range.", at: "--within",
        remedy: "Choose a value above 0 and up to \(Int(PredictionFigures.farthest)) m.")
    }
    try configuration.validate()
    let files = try MeshFile.files(in: meshes)
    let take = try OpenTake(source, using: configuration.cameras)
    let cameras = try take.indices(of: configuration.cameras)
    let threads = max(1, threads ?? ProcessInfo.processInfo.activeProcessorCount)
    let clocks = try take.reader.clocks(
      take.cameras, configuration.clocks, threads: threads, monitor: monitor)
    let sets = take.reader.synchronized(configuration.sync, clocks: clocks).sets
    let chosen = sets.filter { configuration.frames.contains($0.index) }
    let frames = chosen.filter { files[$0.index] != nil }
    guard !frames.isEmpty else {
      throw CaptureError(
        .badInput,
        "None of the \(files.count) meshes belongs to one of \(chosen.count) frame sets.",
        at: meshes.path,
        remedy: "Files are matched by the last number in their names, such as frame_000012.ply.")
    }
    let subject = try SubjectPixels(
      cameras: take.cameras, frames: sets,
      load: { set throws(CaptureError) in try take.images(of: set, threads: threads) },
      configuration: configuration.observations, monitor: monitor)
    let comparison = Comparison(take: take, cameras: cameras, files: files, subject: subject)
    var all = cameras.map { _ in PredictionFigures() }
    var shared = all
    for start in stride(from: 0, to: frames.count, by: threads) {
      try monitor.checkCancelled()
      let batch = Array(frames[start..<min(start + threads, frames.count)])
      for parts in try comparison.figures(batch, threads: threads) {
        for (k, part) in parts.enumerated() {
          all[k].add(part.all)
          shared[k].add(part.shared)
        }
      }
      monitor.report(start + batch.count, frames.count, "")
    }
    let outcome = Outcome(
      cameras: cameras.enumerated().map { k, c in
        Outcome.Camera(
          id: take.cameras[c].description.id, figures: all[k],
          shared: cameras.count < take.cameras.count ? shared[k] : nil)
      },
      within: within, frames: frames.count, missing: chosen.count - frames.count)
    guard outcome.total.pixels > 0 else {
      throw CaptureError(
        .badInput, "No depth pixel of these cameras shows the subject.", at: source.place,
        remedy: "Compare other cameras or frames, or set observations.box.")
    }
    if let picture { try ImageSheet(comparison, frames).write(to: picture) }
    return outcome
  }

  /// Meshes and images of single frame sets, side by side.
  struct Comparison: Sendable {
    let take: OpenTake
    let cameras: [Int]
    let files: [Int: MeshFile]
    let subject: SubjectPixels

    /// What some of the compared cameras saw of a frame set; nil without depth.
    func views(_ set: FrameSet, of chosen: [Int]) throws(CaptureError) -> [ImageView?] {
      guard let file = files[set.index] else { return chosen.map { _ in nil } }
      let mesh = try file.read()
      let uncompared = take.cameras.indices.filter { !cameras.contains($0) }
      var set = set
      for c in uncompared { set.entries[c].color = nil }  // only their depth is looked at
      let images = try take.images(of: set, threads: 1)
      let others = uncompared.compactMap { c in
        subject.depth(images[c], camera: c).map { (take.cameras[c], $0) }
      }
      return try chosen.map { c throws(CaptureError) -> ImageView? in
        do throws(CaptureError) {
          return try ImageView(
            mesh, take.cameras[c], images[c], subject: subject.depth(images[c], camera: c),
            others: others)
        } catch {
          throw error.within(file.url.path)
        }
      }
    }

    /// Figures of one image, as ``Outcome/Camera`` has them.
    typealias Parts = (all: PredictionFigures, shared: PredictionFigures)

    /// By set, then camera.
    func figures(_ sets: [FrameSet], threads: Int) throws(CaptureError) -> [[Parts]] {
      try concurrentValues(
        sets.count, threads: threads,
        trying: { i throws(CaptureError) in
          try views(sets[i], of: cameras).map { view -> Parts in
            let figures = { view?.figures(sharedOnly: $0) ?? PredictionFigures() }
            return (all: figures(false), shared: figures(true))
          }
        })
    }
  }
}
