public import CaptureCore
public import Foundation

/// The observations of a take on disk; frames are mapped when asked for, a bounded number at a time.
public final class ObservationCache: ObservationSource {
  /// Bytes of mapped frames that are kept.
  public static let budget = 160 << 20

  /// Region of interest, world metres.
  public let box: BoundingBox
  /// The cameras, in the take's order.
  public let cameras: [PlacedCamera]
  /// Times of the frame sets, seconds.
  public let times: [Double]
  /// What the stage reported when it wrote the cache.
  public let report: ObservationReport
  private let folder: URL
  private let reader: ObservationFile.Reader
  private let lock = NSLock()
  // Guarded by the lock: mapped frames, most recent last, and which files were verified.
  nonisolated(unsafe) private var recent: [(index: Int, frame: MappedFrame)] = []
  nonisolated(unsafe) private var verified: Set<Int> = []

  /// Number of frame sets.
  public var frameCount: Int { times.count }

  /// Whether the box ends at the floor: what stands there is closed by its lower side.
  public var endsAtFloor: Bool { report.floorHeight == box.lower.y }

  /// Opens what ``ObservationStage/build(cameras:frames:load:configuration:folder:resumes:threads:monitor:)`` wrote.
  /// - Throws: ``CaptureError`` `badInput` when the index is missing or malformed.
  public static func open(folder: URL) throws(CaptureError) -> ObservationCache {
    let url = folder.appendingPathComponent(ObservationIndex.name)
    let data = try AtomicFile.read(url, limit: 256 << 20)
    let index: ObservationIndex
    do { index = try JSONDecoder().decode(ObservationIndex.self, from: data) } catch {
      throw CaptureError(
        .badInput, "The index of the observations is malformed.", at: url.path,
        remedy: "Run `fieldmesh observe` again.")
    }
    let size = index.report.box.size
    let lenses = index.cameras.flatMap { [$0.description.depth, $0.description.color] }
    guard index.version == ObservationIndex.version, !index.report.frames.isEmpty,
      (1...ObservationFile.limits.cameras).contains(index.cameras.count),
      size.x >= 0, size.y >= 0, size.z >= 0, (size.x + size.y + size.z).isFinite,
      index.hiddenCell >= 0.001, (0...32).contains(index.freePixels),
      lenses.allSatisfy({
        $0.map { $0.width > 0 && $0.height > 0 && max($0.width, $0.height) <= 16384 } ?? true
      })
    else {
      throw CaptureError(
        .badInput, "The index of the observations is of another version or empty.", at: url.path,
        remedy: "Run `fieldmesh observe` again.")
    }
    return ObservationCache(index, folder)
  }

  private init(_ index: ObservationIndex, _ folder: URL) {
    (box, cameras, report) = (index.report.box, index.cameras, index.report)
    times = index.report.frames.map(\.time)
    self.folder = folder
    reader = ObservationFile.Reader(
      rays: ObservationStage.rays(index.cameras), margin: (index.freeMargin, index.freePixels),
      hiddenSpace: HiddenSpace(box: box, edge: index.hiddenCell))
  }

  /// When a camera's images of a frame set were taken.
  public func timing(frame: Int, camera: Int) -> ObservationTiming {
    let timings = report.frames[frame].timings
    return timings.indices.contains(camera) ? timings[camera] : ObservationTiming()
  }

  /// Maps a frame, or returns the mapped one. Safe for several threads.
  public func frame(_ index: Int) throws(CaptureError) -> any FrameObservations {
    lock.lock()
    defer { lock.unlock() }
    if let at = recent.firstIndex(where: { $0.index == index }) {
      let entry = recent.remove(at: at)
      recent.append(entry)
      return entry.frame
    }
    let frame = try reader.frame(
      folder.appendingPathComponent(ObservationIndex.file(index)), verify: !verified.contains(index)
    )
    verified.insert(index)
    recent.append((index, frame))
    var bytes = recent.reduce(0) { $0 + $1.frame.size }
    while bytes > Self.budget, recent.count > 4 { bytes -= recent.removeFirst().frame.size }
    return frame
  }
}
