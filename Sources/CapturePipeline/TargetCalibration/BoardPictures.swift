internal import BundleAdjustment
internal import CalibrationTargets
internal import CaptureCore
internal import Foundation
internal import ImageFiles
internal import Synchronization

/// Pictures of a board by one lens, looked through.
struct BoardPictures: Sendable {
  /// One picture.
  struct Picture: Sendable {
    var name: String
    var detection: TargetDetection
    /// Why there are no corners; nil where there are.
    var problem: TargetProblem?
  }

  let target: CalibrationTarget
  /// Size that all pictures have, pixels.
  let size: SIMD2<Int>
  let pictures: [Picture]
  /// One a picture, without points where the board was not seen.
  let views: [BoardView]
  private let read: @Sendable (Int) throws(CaptureError) -> GreyImage

  /// Looks for a board in pictures; `read` is called from several threads.
  /// - Throws: ``CaptureError`` for a picture that cannot be read or has another size than the first.
  init(
    _ names: [String], target: CalibrationTarget, threads: Int?, monitor: StageMonitor,
    read: @escaping @Sendable (Int) throws(CaptureError) -> GreyImage
  ) throws(CaptureError) {
    (self.target, self.read) = (target, read)
    let threads = max(1, threads ?? ProcessInfo.processInfo.activeProcessorCount)
    var results = [Result<(Picture, SIMD2<Int>)?, CaptureError>](
      repeating: .success(nil), count: names.count)
    var detectors: [TargetDetector?] = Array(repeating: nil, count: threads)
    let done = Atomic<Int>(0)
    results.withUnsafeMutableBufferPointer { results in
      detectors.withUnsafeMutableBufferPointer { detectors in
        // Each worker has a detector of its own, and each picture a result.
        nonisolated(unsafe) let (results, detectors) = (results, detectors)
        concurrently(names.count, threads: threads) { index, worker in
          if monitor.isCancelled() { return }
          results[index] = Result { () throws(CaptureError) in
            if detectors[worker] == nil { detectors[worker] = try TargetDetector(target) }
            guard let detector = detectors[worker] else { return nil }
            let image = try read(index)
            let detection = try detector.detect(in: image)
            let problem =
              detection.corners.isEmpty ? try detector.explain(detection, in: image) : nil
            return (
              Picture(name: names[index], detection: detection, problem: problem),
              SIMD2(image.width, image.height)
            )
          }
          monitor.report(done.wrappingAdd(1, ordering: .relaxed).newValue, names.count, "")
        }
      }
    }
    try monitor.checkCancelled()
    var (pictures, sizes) = ([Picture](), [SIMD2<Int>]())
    for result in results {
      guard let (picture, size) = try result.get() else { continue }
      pictures.append(picture)
      sizes.append(size)
    }
    guard let size = sizes.first else { throw CaptureError(.badInput, "There are no pictures.") }
    if let other = sizes.firstIndex(where: { $0 != size }) {
      throw CaptureError(
        .badInput,
        "The picture has \(sizes[other].x)x\(sizes[other].y) pixels, but \(pictures[0].name) has \(size.x)x\(size.y).",
        at: pictures[other].name, remedy: "Give pictures of one lens in one mode.")
    }
    (self.size, self.pictures) = (size, pictures)
    let points = target.points
    views = pictures.enumerated().map { index, picture in
      BoardView(
        camera: 0, frame: index,
        points: picture.detection.corners.map {
          SeenPoint(point: $0.point, board: points[$0.point], pixel: $0.pixel)
        })
    }
  }

  /// - Throws: ``CaptureError`` `badInput` with the likeliest reason where the board is in no picture.
  func checkSeen(at place: String = "") throws(CaptureError) {
    guard pictures.allSatisfy({ $0.detection.corners.isEmpty }) else { return }
    throw CaptureError(
      .badInput,
      "The board `\(target.name)` is not seen in any of the \(pictures.count) pictures.",
      at: place, remedy: problem.text)
  }

  /// The most telling reason why the board is not seen in some pictures.
  var problem: TargetProblem {
    TargetProblem.mostTelling(pictures.compactMap(\.problem)) ?? .absent
  }

  /// The pictures that show most of the board or of markers, up to six, as cells of a sheet.
  func cells(name: String = "") throws(CaptureError) -> [BoardSheet.Cell] {
    let chosen = pictures.indices.sorted {
      let (a, b) = (pictures[$0].detection, pictures[$1].detection)
      return (a.corners.count, a.markers.count, $1) > (b.corners.count, b.markers.count, $0)
    }.prefix(6)
    var cells: [BoardSheet.Cell] = []
    for (place, index) in chosen.enumerated() {
      let found = pictures[index].detection
      cells.append(
        BoardSheet.Cell(
          name: name + pictures[index].name, image: try read(index).colorImage(), found: found,
          all: place == 0 ? pictures.map(\.detection) : [found]))
    }
    return cells
  }

  /// The pictures among files and folders: `.jpg`, `.jpeg` and `.png`, in order of their names.
  /// - Throws: ``CaptureError`` `badInput` for a folder without any, and for what is not there.
  static func files(_ urls: [URL]) throws(CaptureError) -> [URL] {
    var files: [URL] = []
    for url in urls {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
        throw CaptureError(.badInput, "There is no such file or folder.", at: url.path)
      }
      if !isFolder.boolValue {
        files.append(url)
        continue
      }
      let names: [String]
      do {
        names = try FileManager.default.contentsOfDirectory(atPath: url.path)
      } catch {
        throw CaptureError(.badInput, "The folder cannot be read.", at: url.path)
      }
      let pictures = names.filter {
        ["jpg", "jpeg", "png"].contains(URL(fileURLWithPath: $0).pathExtension.lowercased())
      }
      guard !pictures.isEmpty else {
        throw CaptureError(
          .badInput, "The folder holds no .jpg or .png pictures.", at: url.path)
      }
      files += pictures.sorted().map { url.appendingPathComponent($0) }
    }
    return files
  }

  /// A picture in grey; 16-bit ones are taken for infrared.
  static func grey(at url: URL) throws(CaptureError) -> GreyImage {
    guard try ImageFile.isDeepGrey(at: url) else { return GreyImage(try ImageFile.color(at: url)) }
    let deep = try ImageFile.depth(at: url, unit: 1)
    return try GreyImage(width: deep.width, height: deep.height, infrared: deep.samples)
  }
}
