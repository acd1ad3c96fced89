internal import BundleAdjustment
internal import CaptureCore
internal import Foundation
internal import Pictures
internal import Recordings

extension RigReport {
  private static let width = 720

  /// The page with all figures and pictures.
  /// - Throws: ``CaptureError`` for images that can no longer be read.
  func html(_ reader: any Recording) throws(CaptureError) -> String {
    var page = ReportPage(title: "Calibration of \(result.calibration.rig): \(verdict.rawValue)")
    page.list(summary)
    if !remarks.isEmpty {
      page.table(
        ["verdict", "about", "what and what to do"],
        remarks.map { [$0.verdict.rawValue, $0.about, $0.text] })
    }
    page.heading("Cameras")
    page.table(Self.cameraHeadings, cameraRows)
    page.list([
      "px rms: distance of the corners as seen from where the adjusted board puts them.",
      "depth mm rms: distance of the corners as the camera's depth puts them from the adjusted board; bias, lean and noise are its parts along the line of sight: + is too far.",
      "size: the board as depth sees it, as a share of the described one; overlap: share of the depth points that another camera measures too, to 5 cm. ± is one standard deviation against the reference camera.",
    ])
    if !pairRows.isEmpty {
      page.heading("Pairs")
      page.table(Self.pairHeadings, pairRows)
      page.list([
        "px rms: of both cameras in the frames that both see; apart: distance between the places that the two cameras' depths give to the same corner; overlap: share of the depth points that the other camera measures too, to 5 cm; ±: of the one camera against the other."
      ])
    }
    if !deviceRows.isEmpty {
      page.heading("Devices")
      page.table(Self.deviceHeadings, deviceRows)
      page.list([
        "Lens and sensor as found, with the change from what the take says in brackets; ± is one standard deviation. They are part of the calibration and are used with it."
      ])
    }
    page.heading("Corners, seen and predicted")
    for index in result.adjustment.given.indices {
      if let picture = try corners(of: index, reader) {
        try page.picture(
          picture,
          "\(result.adjustment.given[index].id): seen corners green; orange lines lead to where they are predicted, 20 times as long."
        )
      }
    }
    page.heading("Where in the picture the board was seen")
    try page.picture(try coverage(), "A dot a corner; every camera's whole picture.")
    page.heading("What the cameras' depths show together")
    let before = result.worldFromColorBefore
    let after = result.adjustment.rigFromColor.map { result.world.worldFromRig * $0 }
    let origin = result.hadCalibration ? "the take's calibration" : "the first board poses alone"
    try page.picture(
      try picture(of: result.cloudsBefore, before),
      "Before, by \(origin): from the front, the side and above.")
    try page.picture(
      try picture(of: result.clouds, after),
      "After: from the front, the side and above; a colour a camera.")
    return page.html
  }

  /// A camera's best picture with its corners and their residuals; nil for one that saw none.
  private func corners(
    of index: Int, _ reader: any Recording
  ) throws(CaptureError) -> ColorImage? {
    guard
      let view = result.adjustment.views.filter({ $0.camera == index })
        .max(by: { ($0.points.count, $1.frame) < ($1.points.count, $0.frame) }),
      let color = result.corners.sets[view.frame].entries[index].color,
      let board = result.adjustment.rigFromBoard[view.frame]
    else { return nil }
    let camera = result.adjustment.adjusted.problem.cameras[index]
    let image = try reader.color(camera: index, index: color)
    let small = try image.fitted(width: Self.width * 3 / 2, height: Self.width * 3 / 2)
    let scale = Double(small.width) / Double(image.width)
    var canvas = try PictureCanvas(width: small.width, height: small.height, color: .zero)
    canvas.draw(small, x: 0, y: 0)
    for point in view.points {
      canvas.cross(at: point.pixel * scale, 6, SIMD3(0, 230, 60))
      let place = camera.cameraFromRig.apply(board.apply(point.board))
      if let predicted = camera.model.project(place) {
        canvas.line(
          from: point.pixel * scale,
          to: (point.pixel + (predicted - point.pixel) * 20) * scale, SIMD3(255, 130, 0))
      }
    }
    return canvas.image
  }

  /// All corners of every camera in outlines of their pictures.
  private func coverage() throws(CaptureError) -> ColorImage {
    var cells: [PreviewSheet.Cell] = []
    for (index, camera) in result.adjustment.given.enumerated() {
      let (w, h) = (Double(camera.model.width), Double(camera.model.height))
      let scale = 320 / max(w, h)
      var canvas = try PictureCanvas(
        width: max(1, Int(w * scale)), height: max(1, Int(h * scale)),
        color: SIMD3(repeating: 44))
      for view in result.adjustment.views where view.camera == index {
        for point in view.points {
          let (x, y) = (Int(point.pixel.x * scale), Int(point.pixel.y * scale))
          canvas.fill(x..<x + 2, y..<y + 2, SIMD3(120, 220, 90))
        }
      }
      let percent = result.figures.cameras[index].coverage * 100
      cells.append(
        .init(title: "\(camera.id) \(String(format: "%.0f", percent)) %", image: canvas.image))
    }
    let rows = stride(from: 0, to: cells.count, by: 3).map {
      Array(cells[$0..<min($0 + 3, cells.count)])
    }
    return try PreviewSheet.compose(rows, cellWidth: 320)
  }

  /// Depth of all cameras from three sides, a colour a camera.
  private func picture(
    of clouds: RigClouds, _ worldFromColor: [RigidTransform]
  ) throws(CaptureError) -> ColorImage {
    var picture = PointCloudPicture()
    for (index, points) in clouds.points.enumerated() {
      let color = PointCloudPicture.colors[index % PointCloudPicture.colors.count]
      picture.add(
        points.map { SIMD3<Float>(worldFromColor[index].apply($0)) }, color: color)
    }
    guard let box = picture.box(holding: 0.96) else {
      var empty = try PictureCanvas(width: 240, height: 24, color: .zero)
      empty.text("no depth", x: 8, y: 8, color: SIMD3(repeating: 200))
      return empty.image
    }
    var cells: [PreviewSheet.Cell] = []
    for side in PointCloudPicture.Side.allCases {
      cells.append(
        .init(
          title: side.rawValue,
          image: try picture.render(side, box: box, width: 400, height: 400)))
    }
    return try PreviewSheet.compose([cells], cellWidth: 400)
  }
}
