import CaptureCore
import CaptureTestSupport
import FieldBackendCPU
import Foundation
import Meshing
import NeuralFields
import Synchronization
import SyntheticRigs

@testable import CapturePipeline

/// A recording of the tiny synthetic rig, made once for all tests.
enum TinyTake {
  static let frames = 4

  /// The take's folder; tests must not change it, but ``copy()`` it.
  static let folder: URL = {
    let url = Scratch.unused("take")
    var knobs = SyntheticRigConfiguration.tiny
    knobs.frames = frames
    do {
      try SyntheticTake(SyntheticRig(knobs), folder: url, withTruth: false).write()
    } catch {
      fatalError("The tiny take cannot be made: \(error)")
    }
    return url
  }()

  /// A copy that a test may break.
  static func copy() throws -> URL {
    let url = Scratch.unused("broken")
    try FileManager.default.copyItem(at: folder, to: url)
    return url
  }

  /// Settings under which the whole way takes a second or two without optimisation.
  static let settings = [
    "training.width=16", "training.depth=3", "training.rank=2", "training.bands=3",
    "training.steps=24", "training.raysPerFrame=24", "training.backgroundPerFrame=8",
    "training.uniformPerFrame=8", "training.renderedPerFrame=1", "training.checkpointSteps=6",
    "meshing.voxel=0.06", "meshing.halvings=2", "fusion.voxel=0.06", "observations.surveyFrames=4",
    "observations.averageSets=0", "meshing.steadyFrames=0",
    "observations.box=[-0.9, 0.02, -0.9, 0.9, 2, 0.9]",
  ]

  static func configuration(_ more: String...) throws -> JobConfiguration {
    try JobConfiguration().setting(settings + more)
  }

  static func pipeline(
    _ output: URL, _ configuration: JobConfiguration, threads: Int = 2,
    observer: any PipelineObserver = SilentObserver(),
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> Pipeline {
    Pipeline(
      output: OutputFolder(output), configuration: configuration,
      backend: CPUBackend(target: try KernelTarget.choose(), threads: threads), threads: threads,
      observer: observer, isCancelled: isCancelled)
  }
}

/// Remembers which stages ran and which were kept.
final class RecordingObserver: PipelineObserver {
  private let log = Mutex<[String]>([])
  private let sentences = Mutex<[String]>([])

  /// What was warned of, in order.
  var warnings: [String] { sentences.withLock(\.self) }

  /// `ran mesh`, `kept train`, in order; forgets them.
  func take() -> [String] {
    log.withLock { log in
      defer { log = [] }
      return log
    }
  }

  func began(_ stage: StageName) {}
  func progressed(_ stage: StageName, done: Int, total: Int, note: String) {}
  func warned(_ stage: StageName, _ sentence: String) {
    sentences.withLock { $0.append(sentence) }
  }
  func ended(_ stage: StageName, seconds: Double, reused: Bool, summary: String) {
    log.withLock { $0.append((reused ? "kept " : "ran ") + stage.rawValue) }
  }
}

/// Takes the recording away once the meshes are being made.
final class LeavingObserver: PipelineObserver {
  private let take: URL

  init(_ take: URL) { self.take = take }

  func began(_ stage: StageName) {
    if stage == .mesh { try? FileManager.default.removeItem(at: take) }
  }
  func progressed(_ stage: StageName, done: Int, total: Int, note: String) {}
  func warned(_ stage: StageName, _ sentence: String) {}
  func ended(_ stage: StageName, seconds: Double, reused: Bool, summary: String) {}
}

/// Asks to stop once a stage has wanted to know often enough.
final class StoppingObserver: PipelineObserver {
  private let stage: StageName
  private let left: Mutex<Int?>
  private let questions: Int

  init(in stage: StageName, after questions: Int) {
    (self.stage, self.questions) = (stage, questions)
    left = Mutex(nil)
  }

  func isCancelled() -> Bool {
    left.withLock { left in
      left = left.map { $0 - 1 }
      return left ?? 1 <= 0
    }
  }

  func began(_ stage: StageName) {
    if stage == self.stage { left.withLock { $0 = questions } }
  }
  func progressed(_ stage: StageName, done: Int, total: Int, note: String) {}
  func warned(_ stage: StageName, _ sentence: String) {}
  func ended(_ stage: StageName, seconds: Double, reused: Bool, summary: String) {}
}

/// Every file below a folder by name, without those that hold times.
func contents(of folder: URL) throws -> [String: Data] {
  var files: [String: Data] = [:]
  for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
    let url = folder.appendingPathComponent(name)
    guard AtomicFile.size(of: url) != nil, url.lastPathComponent != StageManifest.fileName else {
      continue
    }
    files[name] = try Data(contentsOf: url)
  }
  return files
}
