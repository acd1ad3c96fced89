public import CaptureCore
public import Foundation
internal import MeshExport
public import SurfaceMetrics

/// Compares a folder of meshes with a folder of true ones, frame by frame.
///
/// Frames are matched by the last number in their files' names. Beside the true meshes,
/// `points.npz` may list the same places in every frame (see ``TruthPlaces``); without it, places
/// are spread over each true mesh, all of them count as seen, and nothing is said about jitter.
public struct Evaluation: Sendable {
  /// What came out.
  public struct Outcome: Sendable, Equatable {
    /// Means over the frames.
    public var figures: SequenceFigures
    /// Whether the truth came with places; without them, "seen" means nothing.
    public var hasPlaces: Bool
  }

  /// Folder of the meshes, and of the true ones.
  public var meshes, truth: URL
  /// Takes each n-th frame of the truth.
  public var every: Int
  /// Threads to use; all cores if nil. The figures do not depend on it.
  public var threads: Int?

  /// An evaluation of each `every`-th frame.
  public init(meshes: URL, truth: URL, every: Int = 1, threads: Int? = nil) {
    (self.meshes, self.truth, self.every, self.threads) = (meshes, truth, every, threads)
  }

  /// Runs it. Holds the meshes of one frame a thread at a time.
  ///
  /// - Throws: ``CaptureError`` `usage` for `every` below 1; `badInput` when no frame is in both
  ///   folders and for files that cannot be read; `tryAgain` when stopped.
  public func run(_ monitor: StageMonitor = .silent) throws(CaptureError) -> Outcome {
    guard every >= 1 else {
      throw CaptureError(
        .usage, "\(every) is out of range.", at: "--every", remedy: "Choose a value of at least 1.")
    }
    let results = try MeshFile.files(in: meshes)
    let truths = try MeshFile.files(in: truth)
    let frames = truths.keys.sorted().enumerated().filter { $0.offset % every == 0 }.map(\.element)
    guard frames.contains(where: { results[$0] != nil }) else {
      throw CaptureError(
        .badInput,
        "No frame is in both folders: \(results.count) meshes, \(truths.count) true meshes.",
        at: meshes.path,
        remedy: "Files are matched by the last number in their names, such as frame_000012.ply.")
    }
    let placesFile = truth.appendingPathComponent("points.npz")
    let hasPlaces = FileManager.default.fileExists(atPath: placesFile.path)
    let places = hasPlaces ? try TruthPlaces.read(placesFile).frames : nil
    if let places, let last = frames.last, last >= places.count {
      throw CaptureError(
        .badInput, "There are places of \(places.count) frames, but a true mesh of frame \(last).",
        at: placesFile.path)
    }
    var summary = SequenceSummary(samePlaces: hasPlaces)
    let threads = max(1, threads ?? ProcessInfo.processInfo.activeProcessorCount)
    for start in stride(from: 0, to: frames.count, by: threads) {
      try monitor.checkCancelled()
      let batch = Array(frames[start..<min(start + threads, frames.count)])
      let comparisons = try Self.compare(batch, results, truths, places, threads)
      for (frame, comparison) in zip(batch, comparisons) { summary.add(comparison, number: frame) }
      monitor.report(start + batch.count, frames.count, "")
    }
    return Outcome(figures: summary.figures, hasPlaces: hasPlaces)
  }

  private static func compare(
    _ frames: [Int], _ results: [Int: MeshFile], _ truths: [Int: MeshFile],
    _ places: [TruthPlaces.Frame]?, _ threads: Int
  ) throws(CaptureError) -> [SurfaceComparison?] {
    try concurrentValues(
      frames.count, threads: threads,
      trying: { i throws(CaptureError) in
        let frame = frames[i]
        return try compare(results[frame], truths[frame], places?[frame])
      })
  }

  private static func compare(
    _ result: MeshFile?, _ truth: MeshFile?, _ known: TruthPlaces.Frame?
  ) throws(CaptureError) -> SurfaceComparison? {
    guard let result, let truth else { return nil }
    let (mesh, trueMesh) = (try result.read(), try truth.read())
    guard let places = known ?? TruthPlaces.Frame(on: trueMesh) else {
      throw CaptureError(.badInput, "The true mesh has no area.", at: truth.url.path)
    }
    do {
      return try SurfaceComparison(of: mesh, to: trueMesh, at: places)
    } catch {
      throw error.within(result.url.path)
    }
  }
}
