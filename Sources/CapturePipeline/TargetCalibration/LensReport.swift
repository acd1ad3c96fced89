internal import BundleAdjustment
internal import CalibrationTargets
internal import CaptureCore
internal import Foundation
internal import Pictures

/// What there is to say about a calibrated lens.
struct LensReport {
  let title: String
  let target: CalibrationTarget
  let pictures: BoardPictures
  let result: LensCalibration
  let start: CameraModel?

  private static let headings = ["parameter", ">value", ">± one deviation"]

  private var rows: [[String]] {
    result.parameters.map {
      let digits = ["fx", "fy", "cx", "cy"].contains($0.name) ? 2 : 5
      return [
        $0.name, String(format: "%.\(digits)f", $0.value),
        String(format: "%.\(digits)f", $0.deviation),
      ]
    }
  }

  private var summary: [String] {
    var lines = [
      "Board: \(target.name), \(target.summary); seen in \(result.views) of \(pictures.pictures.count) pictures of \(pictures.size.x)x\(pictures.size.y), turned by up to \(String(format: "%.0f", result.spread)) degrees.",
      String(
        format:
          "Corners are off by %.3f px rms (noise %.3f px a coordinate); %d of %d left out as outliers.",
        result.error, result.noise, result.outliers, result.points),
      String(
        format: "The board was in %.0f %% of the picture.%@", coverage * 100,
        coverage < 0.6
          ? " Show it in the corners too: distortion is a guess where it never was." : ""),
    ]
    if let start {
      let i = start.intrinsics
      lines.append(
        String(
          format: "Began with fx %.2f, fy %.2f, cx %.2f, cy %.2f.", i.fx, i.fy, i.cx, i.cy))
    }
    for picture in pictures.pictures {
      if let problem = picture.problem { lines.append("\(picture.name): \(problem.text)") }
    }
    return lines
  }

  private var coverage: Double {
    let cells = Set(
      pictures.views.flatMap(\.points).map {
        SIMD2(
          Int($0.pixel.x * 8) / max(1, pictures.size.x),
          Int($0.pixel.y * 6) / max(1, pictures.size.y))
      })
    return Double(cells.count) / 48
  }

  var text: String {
    var table = TextTable(Self.headings)
    for row in rows { table.add(row) }
    return summary.joined(separator: "\n") + "\n\n" + table.text
  }

  func html() throws(CaptureError) -> String {
    var page = ReportPage(title: "Lens by \(title)")
    page.list(summary)
    page.table(Self.headings, rows)
    page.heading("Pictures")
    page.table(
      ["picture", ">corners", ">px rms"],
      pictures.pictures.enumerated().map { index, picture in
        [
          picture.name, "\(picture.detection.corners.count)",
          result.viewErrors[index].map { String(format: "%.3f", $0) } ?? "-",
        ]
      })
    page.heading("Where the board was seen, and what the lens leaves over")
    try page.picture(try map(), "A dot a corner, with its residual drawn 100 times as long.")
    return page.html
  }

  /// All corners with their residuals.
  private func map() throws(CaptureError) -> ColorImage {
    let scale = 900 / Double(max(pictures.size.x, pictures.size.y))
    var canvas = try PictureCanvas(
      width: max(1, Int(Double(pictures.size.x) * scale)),
      height: max(1, Int(Double(pictures.size.y) * scale)), color: SIMD3(repeating: 36))
    for view in pictures.views where view.points.count >= 6 {
      guard let pose = BoardPose(view.points, model: result.model) else { continue }
      for point in view.points {
        let p = point.pixel * scale
        canvas.fill(
          Int(p.x) - 1..<Int(p.x) + 2, Int(p.y) - 1..<Int(p.y) + 2, SIMD3(120, 220, 90))
        if let predicted = result.model.project(pose.cameraFromBoard.apply(point.board)) {
          canvas.line(
            from: p, to: (point.pixel + (predicted - point.pixel) * 100) * scale,
            SIMD3(255, 140, 40))
        }
      }
    }
    return canvas.image
  }
}
