internal import BundleAdjustment
internal import CalibrationTargets
internal import CaptureCore
internal import Foundation
internal import Recordings
internal import Synchronization

/// A board as all cameras of a take saw it.
struct TakeCorners: Sendable {
  /// One picture that was looked at.
  struct Picture: Sendable {
    var camera: Int
    /// Index into ``sets``.
    var frame: Int
    var detection: TargetDetection
    /// Why there are no corners; nil where there are, and where nobody asked.
    var problem: TargetProblem?
    /// The board's size by depth as a share of the described one; nil where depth does not tell.
    var share: Double?
  }

  /// The sets that were looked at, spread over the take.
  let sets: [FrameSet]
  /// The pictures, by set, then camera.
  let pictures: [Picture]
  /// Pictures that could not be read, a sentence each.
  let unreadable: [String]
  /// What the adjustment gets.
  let views: [BoardView]
  /// Cameras that never saw the board.
  let blind: [Int]

  /// Looks for a board in up to `limit` sets of a recording.
  /// - Throws: ``CaptureError`` `tryAgain` on request to stop; `badInput` where no picture can be
  ///   read.
  init(
    _ reader: any Recording, _ sets: [FrameSet], target: CalibrationTarget, threads: Int,
    monitor: StageMonitor
  ) throws(CaptureError) {
    self.sets = sets
    let cameras = reader.take.cameras
    let jobs = sets.indices.flatMap { frame in
      cameras.indices.filter { sets[frame].entries[$0].color != nil }.map { (frame, $0) }
    }
    var results = [Result<(Picture, BoardView?)?, CaptureError>](
      repeating: .success(nil), count: jobs.count)
    var detectors: [TargetDetector?] = Array(repeating: nil, count: max(1, threads))
    let done = Atomic<Int>(0)
    results.withUnsafeMutableBufferPointer { results in
      detectors.withUnsafeMutableBufferPointer { detectors in
        // Each worker has a detector of its own, and each job a result.
        nonisolated(unsafe) let (results, detectors) = (results, detectors)
        concurrently(jobs.count, threads: threads) { job, worker in
          if monitor.isCancelled() { return }
          let (frame, camera) = jobs[job]
          results[job] = Result { () throws(CaptureError) in
            if detectors[worker] == nil { detectors[worker] = try TargetDetector(target) }
            guard let detector = detectors[worker] else { return nil }
            return try TakeCorners.look(
              reader, sets[frame].entries[camera], camera, frame, detector)
          }
          monitor.report(done.wrappingAdd(1, ordering: .relaxed).newValue, jobs.count, "")
        }
      }
    }
    try monitor.checkCancelled()
    var (pictures, views, unreadable) = ([Picture](), [BoardView](), [String]())
    for result in results {
      do {
        guard let (picture, view) = try result.get() else { continue }
        pictures.append(picture)
        if let view { views.append(view) }
      } catch {
        unreadable.append(error.description)
      }
    }
    guard !pictures.isEmpty else {
      throw CaptureError(
        .badInput,
        unreadable.first.map { "No colour image can be read. \($0)" }
          ?? "The take has no colour images.")
    }
    blind = cameras.indices.filter { camera in !views.contains { $0.camera == camera } }
    for camera in blind { try TakeCorners.explain(&pictures, of: camera, reader, sets, target) }
    (self.pictures, self.views, self.unreadable) = (pictures, views, unreadable)
  }

  /// Pictures of a camera that are asked why they show no board.
  private static let explained = 5

  /// Finds out why a camera never sees the board, by its pictures with most markers.
  private static func explain(
    _ pictures: inout [Picture], of camera: Int, _ reader: any Recording, _ sets: [FrameSet],
    _ target: CalibrationTarget
  ) throws(CaptureError) {
    let detector = try TargetDetector(target)
    let chosen = pictures.indices.filter { pictures[$0].camera == camera }.sorted {
      (pictures[$1].detection.markers.count, $0) < (pictures[$0].detection.markers.count, $1)
    }.prefix(explained)
    for index in chosen {
      guard let color = sets[pictures[index].frame].entries[camera].color else { continue }
      let image = GreyImage(try reader.color(camera: camera, index: color))
      pictures[index].problem = try detector.explain(pictures[index].detection, in: image)
    }
  }

  private static func look(
    _ reader: any Recording, _ entry: FrameSet.Entry, _ camera: Int, _ frame: Int,
    _ detector: TargetDetector
  ) throws(CaptureError) -> (Picture, BoardView?)? {
    guard let color = entry.color, let model = reader.take.cameras[camera].color else { return nil }
    let image = GreyImage(try reader.color(camera: camera, index: color))
    let detection = try detector.detect(in: image)
    var picture = Picture(camera: camera, frame: frame, detection: detection)
    if detection.corners.isEmpty { return (picture, nil) }
    let points = detector.target.points
    var seen = detection.corners.map {
      SeenPoint(point: $0.point, board: points[$0.point], pixel: $0.pixel)
    }
    let description = reader.take.cameras[camera]
    if let index = entry.depth, let lens = description.depth,
      let pose = BoardPose(seen, model: model)
    {
      let depth = BoardDepth(
        image: try reader.depth(camera: camera, index: index), model: lens,
        colorFromDepth: description.colorFromDepth, pitch: detector.target.pitch)
      let places = seen.map { pose.cameraFromBoard.apply($0.board) }
      picture.share = depth.share(at: places)
      for i in seen.indices {
        seen[i].depth = depth.depth(at: places[i], share: picture.share ?? 1)
      }
    }
    return (picture, BoardView(camera: camera, frame: frame, points: seen))
  }

  /// The most telling reason why a camera, or any, does not see the board.
  func problem(camera: Int? = nil) -> TargetProblem {
    TargetProblem.mostTelling(
      pictures.filter { camera == nil || $0.camera == camera }.compactMap(\.problem)) ?? .absent
  }

  /// The board's size by depth as a share of the described one, the median over all views; nil
  /// without depth.
  var share: Double? {
    let shares = pictures.compactMap(\.share).sorted()
    return shares.isEmpty ? nil : shares[shares.count / 2]
  }

  /// Each camera's most telling picture, with most corners or else most markers, and which cameras saw
  /// the board when.
  func sheet(
    _ reader: any Recording, _ target: CalibrationTarget
  ) throws(CaptureError) -> BoardSheet {
    var sheet = BoardSheet(target: target, cells: [])
    for (index, camera) in reader.take.cameras.enumerated() {
      let own = pictures.filter { $0.camera == index }
      let best = own.max {
        ($0.detection.corners.count, $0.detection.markers.count, $1.frame)
          < ($1.detection.corners.count, $1.detection.markers.count, $0.frame)
      }
      guard let best, let color = sets[best.frame].entries[index].color else { continue }
      sheet.cells.append(
        BoardSheet.Cell(
          name: camera.id, image: try reader.color(camera: index, index: color),
          found: best.detection, all: own.map(\.detection),
          note: best.share.map { String(format: ", size %.2f", $0) } ?? ""))
      let frames = Set(own.filter { !$0.detection.corners.isEmpty }.map(\.frame))
      sheet.seen.append((camera.id, sets.indices.map(frames.contains)))
    }
    return sheet
  }
}

extension CalibrationTarget {
  /// Distance between neighbouring points, metres.
  var pitch: Double {
    switch pattern {
    case .charuco(_, _, let square, _, _, _, _), .chessboard(_, _, let square): square
    case .tagGrid(_, _, let tag, _, _, _, _): tag
    }
  }
}
