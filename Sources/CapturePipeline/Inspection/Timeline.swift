public import CaptureCore
public import Foundation
internal import FrameSync
internal import ImageFiles
internal import Pictures
internal import Recordings

extension InspectedTake {
  /// Draws when each image was taken and which ones belong together: a row a stream, a dot an image.
  ///
  /// White dots are in a frame set, and a line runs through all of a set; yellow dots are in none; a
  /// red cross stands where a camera that has the stream has nothing for a set. Time runs to the right
  /// and goes on below, with a second's mark where one begins.
  /// - Throws: ``CaptureError`` `badInput` when the take has no frame set, or for what writing meets.
  public func writeTimeline(to url: URL) throws(CaptureError) {
    guard !sets.isEmpty else {
      throw CaptureError(
        .badInput, "There is nothing to draw: the take has no frame set.",
        remedy: "Check that the cameras recorded depth.")
    }
    try ImageFile.writePNG(
      Timeline(take: reader.take, times: times, sets: sets, sync: sync).drawn(), to: url)
  }
}

/// The picture of ``InspectedTake/writeTimeline(to:)``.
struct Timeline {
  /// Bands below each other, at most; what comes later is left out, and the heading says so.
  static let bands = 60
  private static let bandWidth = 1440.0
  private static let left = 168, top = 44, rowHeight = 12, bandGap = 26

  private struct Row {
    var camera: Int
    var kind: StreamKind
    var times: [Double]
  }

  let take: TakeDescription
  let times: [CameraTimes]
  let sets: [FrameSet]
  let sync: SyncReport

  /// Every stream that has images, camera by camera.
  private var rows: [Row] {
    take.cameras.indices.flatMap { camera in
      [StreamKind.depth, .color].compactMap { kind in
        let known = times[camera].rigTimes(kind)
        return known.isEmpty ? nil : Row(camera: camera, kind: kind, times: known)
      }
    }
  }

  func drawn() throws(CaptureError) -> ColorImage {
    let rows = rows
    let all = rows.flatMap(\.times)
    let (first, last) = (all.min() ?? 0, all.max() ?? 0)
    // Eight pixels an image, less where the take is long.
    let periods = (last - first) / sync.period + 1
    let step = max(3, min(8, Self.bandWidth * Double(Self.bands) / periods))
    let width = max(600, min(Self.bandWidth, periods * step))
    let span = width / step * sync.period
    let wanted = ((last - first) / span).rounded(.down) + 1
    let count = Int(min(wanted, Double(Self.bands)))
    let bandHeight = rows.count * Self.rowHeight + Self.bandGap
    var canvas = try PictureCanvas(
      width: Self.left + Int(width) + 16, height: Self.top + count * bandHeight,
      color: SIMD3(24, 24, 28))
    let cut = wanted > Double(count) ? ", the first \(Int((span * Double(count)).rounded())) s" : ""
    canvas.text(
      "\(take.name): \(sets.count) frame sets\(cut)", x: 12, y: 12, scale: 2, color: Self.ink)
    for band in 0..<count {
      let start = first + Double(band) * span - 0.5 * sync.period
      Band(
        start: start, end: start + span, scale: step / sync.period, left: Self.left,
        y: Self.top + band * bandHeight
      ).draw(rows: rows.map { ($0.camera, $0.kind, $0.times) }, self, &canvas)
    }
    return canvas.image
  }

  fileprivate static let ink = SIMD3<UInt8>(235, 235, 235)
  fileprivate static let height = rowHeight
}

/// One stretch of time.
private struct Band {
  let start, end, scale: Double
  let left, y: Int

  private func x(_ time: Double) -> Double { Double(left) + (time - start) * scale }
  private func center(_ row: Int) -> Int { y + 12 + row * Timeline.height + Timeline.height / 2 }

  func draw(
    rows: [(camera: Int, kind: StreamKind, times: [Double])], _ line: Timeline,
    _ canvas: inout PictureCanvas
  ) {
    drawScale(rows.count, &canvas)
    for (r, row) in rows.enumerated() {
      let name =
        "\(line.take.cameras[row.camera].id.prefix(16)) \(row.kind == .depth ? "depth" : "colour")"
      canvas.text(name, x: 12, y: center(r) - 3, color: SIMD3(150, 150, 160))
      canvas.line(
        from: SIMD2(Double(left), Double(center(r))), to: SIMD2(x(end), Double(center(r))),
        SIMD3(52, 52, 60))
    }
    let first = line.sets.firstIndex { $0.time >= start - line.sync.period } ?? line.sets.count
    let shown = line.sets[first...].prefix { $0.time < end + line.sync.period }
    var used = rows.map { _ in Set<Int>() }
    for set in shown {
      drawPairing(set, rows, &used, &canvas)
    }
    for (r, row) in rows.enumerated() {
      for (i, time) in row.times.enumerated() where time >= start && time < end {
        let color = used[r].contains(i) ? Timeline.ink : SIMD3<UInt8>(240, 190, 40)
        let (u, v) = (Int(x(time).rounded()), center(r))
        canvas.fill(u - 1..<u + 2, v - 1..<v + 2, color)
      }
    }
  }

  /// A set's images, joined by a line; crosses where a stream has none.
  private func drawPairing(
    _ set: FrameSet, _ rows: [(camera: Int, kind: StreamKind, times: [Double])],
    _ used: inout [Set<Int>], _ canvas: inout PictureCanvas
  ) {
    var last: SIMD2<Double>?
    for (r, row) in rows.enumerated() {
      let entry = set.entries[row.camera]
      guard let index = row.kind == .depth ? entry.depth : entry.color else {
        if set.time >= start, set.time < end { cross(x(set.time), center(r), &canvas) }
        continue
      }
      used[r].insert(index)
      guard row.times[index] >= start, row.times[index] < end else { continue }
      let place = SIMD2(x(row.times[index]), Double(center(r)))
      if let last { canvas.line(from: last, to: place, SIMD3(70, 130, 190)) }
      last = place
    }
  }

  private func cross(_ x: Double, _ y: Int, _ canvas: inout PictureCanvas) {
    let u = Int(x.rounded())
    for d in -2...2 {
      canvas.set(u + d, y + d, SIMD3(230, 60, 50))
      canvas.set(u + d, y - d, SIMD3(230, 60, 50))
    }
  }

  private func drawScale(_ rows: Int, _ canvas: inout PictureCanvas) {
    let text = String(format: "%.2f s", start)
    canvas.text(text, x: left, y: y, color: SIMD3(150, 150, 160))
    guard end - start < 1e5 else { return }
    for second in stride(from: start.rounded(.up), to: end, by: 1) {
      let u = Int(x(second).rounded())
      canvas.fill(u..<u + 1, y + 10..<center(rows - 1) + 6, SIMD3(60, 60, 74))
      if u > left + 60 {
        canvas.text("\(Int(second))", x: u + 2, y: y, color: SIMD3(150, 150, 160))
      }
    }
  }
}
