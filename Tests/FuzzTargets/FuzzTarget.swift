internal import CaptureCore
public import Foundation

/// One parser, fed with anything.
///
/// A run may end in a ``CaptureError`` or not at all; any other error stops the process, as does a
/// trap, a hang, or memory beyond the limits that the script sets.
public struct FuzzTarget: Sendable {
  /// Name, on the command line and for the folder of kept inputs.
  public let name: String
  private let writeSeeds: @Sendable () throws -> [Data]
  private let makeRun: @Sendable () throws -> (Data) throws -> Void

  init(
    _ name: String, seeds: @escaping @Sendable () throws -> [Data],
    run: @escaping @Sendable () throws -> (Data) throws -> Void
  ) {
    (self.name, writeSeeds, makeRun) = (name, seeds, run)
  }

  /// All parsers of files; a new one is a line here.
  public static let all: [FuzzTarget] =
    [
      .json, .npy, .npz, .colorImage, .depthImage, .ply, .obj, .parameters, .manifest, .rig,
      .target,
      .bag, .matroska, .azureKinect, .salvage, .configuration,
    ] + documents + exchanged

  /// Inputs that are well-formed, made by the project's own writers.
  public func seeds() throws -> [Data] { try writeSeeds() }

  /// What reads one input, and says whether it was read rather than refused.
  public func start() throws -> (Data) -> Bool {
    let run = try makeRun()
    return { data in
      do {
        try run(data)
        return true
      } catch is CaptureError {
        return false
      } catch {
        fatalError("an untyped error: \(error)")
      }
    }
  }
}

/// A folder in memory, where the system has one, that goes when the process ends.
enum FuzzFolder {
  static let url: URL = {
    let memory = URL(fileURLWithPath: "/dev/shm")
    let isThere = FileManager.default.isWritableFile(atPath: memory.path)
    let url = (isThere ? memory : FileManager.default.temporaryDirectory)
      .appendingPathComponent("fieldmesh-fuzz-\(getpid())")
    try? FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    atexit { try? FileManager.default.removeItem(at: FuzzFolder.url) }
    return url
  }()

  /// A name that nothing has yet.
  static func file(_ name: String) -> URL {
    url.appendingPathComponent("\(UUID().uuidString)-\(name)")
  }
}
