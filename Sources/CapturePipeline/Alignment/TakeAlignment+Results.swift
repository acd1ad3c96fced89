internal import Calibration
public import CaptureCore
internal import DepthAlignment
public import Foundation
internal import FrameSync
internal import ImageFiles
internal import Pictures
internal import Recordings

extension TakeAlignment {
  /// Aligns the cameras and writes what came out: the calibration, beside it `<name>.report.json`,
  /// and `<name>.png`, the cameras' points from three sides before and after. What failed is told in
  /// `<name>.failed.report.json` and `<name>.failed.png`, beside a calibration that stays as it was.
  ///
  /// - Parameters:
  ///   - file: The new calibration; its folder is made.
  ///   - replaces: Whether a calibration that is there already is written over.
  /// - Throws: ``CaptureError`` `usage` where the file is there, before anything is done; `badInput`
  ///   where cameras cannot be placed; and for what reading and writing meets.
  public func align(
    to file: URL, replaces: Bool = false, monitor: StageMonitor = .silent
  ) throws(CaptureError) -> AlignmentReport {
    if !replaces, FileManager.default.fileExists(atPath: file.path) {
      throw CaptureError(
        .usage, "The calibration is there already.", at: file.path,
        remedy: "Choose another name with -o, or write over it with --force.")
    }
    try AtomicFile.makeFolder(file.deletingLastPathComponent())
    let solution = try solved(monitor)
    let report = AlignmentReport(solution, take: reader.take, fromNothing: start == nil)
    let kind = report.verdict == .fail ? "failed." : ""
    try picture(of: solution, to: beside(file, kind + "png"))
    try AtomicFile.write(Data(try report.json().utf8), to: beside(file, kind + "report.json"))
    // A calibration that is known to be wrong is not left lying around.
    guard report.verdict != .fail else {
      throw CaptureError(
        .badInput, "The cameras could not all be placed. \(report.advice.joined(separator: " "))",
        at: reader.take.name,
        remedy: "See \(beside(file, kind + "report.json").path); no calibration was written.")
    }
    try CalibrationFile.write(calibration(solution), to: file)
    return report
  }

  private func beside(_ file: URL, _ ending: String) -> URL {
    file.deletingPathExtension().appendingPathExtension(ending)
  }

  private func calibration(_ solution: Solution) -> RigCalibration {
    let places = solution.result.cameras.map(\.worldFromColor)
    let worldFromRig = start?.worldFromRig ?? places[solution.reference]
    return RigCalibration(
      rig: start?.rig ?? reader.take.name,
      reference: reader.take.cameras[solution.reference].id,
      rigFromColor: Dictionary(
        uniqueKeysWithValues: zip(reader.take.cameras, places).map {
          ($0.id, worldFromRig.inverse * $1)
        }),
      worldFromRig: worldFromRig, corrections: start?.corrections ?? [:])
  }

  // MARK: Picture

  private static let pictureWidth = 480

  /// All cameras' points at one moment, a colour a camera, from three sides: at the start, and now.
  private func picture(of solution: Solution, to url: URL) throws(CaptureError) {
    let (sets, _) = reader.synchronized(configuration.sync, clocks: solution.clocks)
    let most = sets.map { $0.entries.count { $0.depth != nil } }.max() ?? 0
    let full = sets.filter { $0.entries.count { $0.depth != nil } == most }
    guard !full.isEmpty else { return }
    let set = full[full.count / 2]
    var clouds: [[SIMD3<Float>]] = []
    for (camera, entry) in zip(reader.take.cameras.indices, set.entries) {
      clouds.append(
        try entry.depth.map { index throws(CaptureError) in
          try points(camera, index)
        } ?? [])
    }
    func cloud(_ places: [RigidTransform]) -> PointCloudPicture {
      var picture = PointCloudPicture()
      for (camera, points) in clouds.enumerated() {
        let place = places[camera] * devices[camera].colorFromDepth
        picture.add(
          points.map { SIMD3<Float>(place.apply(SIMD3<Double>($0))) },
          color: PointCloudPicture.colors[camera % PointCloudPicture.colors.count])
      }
      return picture
    }
    let after = cloud(solution.result.cameras.map(\.worldFromColor))
    guard var box = after.box(holding: 0.8)?.expanded(by: 0.15),
      let whole = after.box(holding: 0.99)
    else { return }
    // Most points are on the floor, and people stand on it.
    box.upper.y = max(box.upper.y, whole.upper.y)
    var rows = [("after", after)]
    if start != nil { rows.insert(("before", cloud(solution.start)), at: 0) }
    var cells: [[PreviewSheet.Cell]] = []
    for (name, picture) in rows {
      var row: [PreviewSheet.Cell] = []
      for side in PointCloudPicture.Side.allCases {
        row.append(
          .init(
            title: "\(name), \(side.rawValue)",
            image: try picture.render(
              side, box: box, width: Self.pictureWidth, height: Self.pictureWidth)))
      }
      cells.append(row)
    }
    let names = reader.take.cameras.map(\.id).joined(separator: " ")
    try ImageFile.writePNG(
      try PreviewSheet.compose(
        cells, cellWidth: Self.pictureWidth, heading: "\(reader.take.name): \(names)"), to: url)
  }

  /// The points of a depth image in its lens' frame.
  private func points(_ camera: Int, _ index: Int) throws(CaptureError) -> [SIMD3<Float>] {
    let description = devices[camera]
    guard let lens = description.depth else { return [] }
    let image = try depth(camera: camera, index: index)
    let directions = lens.directionTable()
    return image.samples.indices.compactMap { i in
      let z = Float(image.samples[i]) * image.unit
      guard description.depthRange.contains(Double(z)), directions[i].x.isFinite else { return nil }
      return directions[i] * z
    }
  }
}
