public import CaptureCore
public import Foundation
internal import RayObservations
internal import Synchronization

/// Compares meshes with what the cameras of a take recorded: each mesh is drawn as each camera sees it.
///
/// Meshes belong to the frame set whose number is the last one in their files' names. What counts are the
/// depth pixels that show the subject, by the rules of the run itself: see ``SubjectPixels``. They depend on
/// the take and the configuration alone, not on the meshes, so that every method is asked for the same.
public struct ImageEvaluation: Sendable {
  /// What came out.
  public struct Outcome: Sendable, Equatable {
    /// Names and figures of the cameras compared, in the take's order.
    public var cameras: [(id: String, figures: PredictionFigures)]
    /// What counts as near, metres.
    public var within: Double
    /// Frame sets with a mesh, and without.
    public var frames, missing: Int

    /// All cameras together.
    public var total: PredictionFigures {
      cameras.reduce(into: PredictionFigures()) { $0.add($1.figures) }
    }

    /// Whether the same came out.
    public static func == (a: Outcome, b: Outcome) -> Bool {
      a.cameras.map(\.id) == b.cameras.map(\.id)
        && a.cameras.map(\.figures) == b.cameras.map(\.figures)
        && (a.within, a.frames, a.missing) == (b.within, b.frames, b.missing)
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
    let take = try OpenTake(source)
    let cameras = try take.indices(of: configuration.cameras)
    let threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
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
    var figures = cameras.map { _ in PredictionFigures() }
    for start in stride(from: 0, to: frames.count, by: threads) {
      try monitor.checkCancelled()
      let batch = Array(frames[start..<min(start + threads, frames.count)])
      for parts in try comparison.figures(batch, threads: threads) {
        for (k, part) in parts.enumerated() { figures[k].add(part) }
      }
      monitor.report(start + batch.count, frames.count, "")
    }
    let outcome = Outcome(
      cameras: zip(cameras, figures).map { (take.cameras[$0].description.id, $1) },
      within: within, frames: frames.count, missing: chosen.count - frames.count)
    guard outcome.total.pixels > 0 else {
      throw CaptureError(
        .badInput, "No depth pixel of these cameras shows the subject.", at: source.place,
        remedy: "Compare other cameras or frames, or set observations.box.")
    }
    if let picture { try ImageSheet(comparison, frames, within: within).write(to: picture) }
    return outcome
  }

  /// Meshes and images of single frame sets, side by side.
  struct Comparison: Sendable {
    let take: OpenTake
    let cameras: [Int]
    let files: [Int: MeshFile]
    let subject: SubjectPixels

    /// What each compared camera saw of a frame set; nil without depth.
    func views(_ set: FrameSet) throws(CaptureError) -> [ImageView?] {
      guard let file = files[set.index] else { return cameras.map { _ in nil } }
      let mesh = try file.read()
      let images = try take.images(of: set.only(cameras), threads: 1)
      return try cameras.map { c throws(CaptureError) -> ImageView? in
        do throws(CaptureError) {
          return try ImageView(
            mesh, take.cameras[c], images[c], subject: subject.depth(images[c], camera: c))
        } catch {
          throw error.within(file.url.path)
        }
      }
    }

    /// By set, then camera.
    func figures(_ sets: [FrameSet], threads: Int) throws(CaptureError) -> [[PredictionFigures]] {
      let slots = Mutex(
        [Result<[PredictionFigures], CaptureError>?](repeating: nil, count: sets.count))
      concurrently(sets.count, threads: threads) { i, _ in
        let outcome = Result { () throws(CaptureError) in
          try views(sets[i]).map { $0?.figures ?? PredictionFigures() }
        }
        slots.withLock { $0[i] = outcome }
      }
      var figures: [[PredictionFigures]] = []
      for case let outcome? in slots.withLock({ $0 }) { figures.append(try outcome.get()) }
      return figures
    }
  }
}

extension FrameSet {
  /// The set without the images of other cameras.
  fileprivate func only(_ cameras: [Int]) -> FrameSet {
    var set = self
    for c in entries.indices where !cameras.contains(c) { set.entries[c] = Entry() }
    return set
  }
}
