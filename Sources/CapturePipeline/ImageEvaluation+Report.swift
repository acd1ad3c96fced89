internal import CaptureCore
internal import Foundation

extension ImageEvaluation.Outcome {
  private static let headings = [
    "camera", ">images", ">pixels", ">median mm", ">covered", ">median mm", ">offset mm",
    ">within", ">PSNR dB", ">evened",
  ]

  /// A row or two a camera, and of all, with what the columns mean.
  public var table: String {
    var table = TextTable(Self.headings)
    func add(_ name: String, _ figures: PredictionFigures, _ shared: PredictionFigures?) {
      table.add([name] + Self.cells(figures, within))
      if let shared { table.add(["\(name), shared"] + Self.cells(shared, within)) }
    }
    for camera in cameras { add(camera.id, camera.figures, camera.shared) }
    if cameras.count > 1 { add("all", total, shared) }
    let reach = String(format: "%g mm", 1000 * ImageView.sharedReach)
    let near = String(format: "%g mm", 1000 * within)
    return table.text + "\n\n" + """
      pixels: depth pixels that show the subject; median: of the absolute differences in depth, over all of
      them (those without a mesh count as infinitely far), then over the covered ones alone; offset: median,
      + behind; within: share of all pixels covered to \(near); PSNR: of the mesh's colours where it is
      drawn on the subject, then after one factor a channel; shared: the pixels whose place a camera that is
      not compared recorded as well, to \(reach). \(frames) frame sets, \(missing) without a mesh.
      """
  }

  /// One line of JSON; nil as `null`, lengths in millimetres.
  public var json: String {
    let parts = cameras.map {
      "\(JSONValue.quoted($0.id)): \(Self.object($0.figures, within))"
    }
    return
      "{\"all\": \(Self.object(total, within)), "
      + "\"shared\": \(shared.map { Self.object($0, within) } ?? "null"), "
      + "\"cameras\": {\(parts.joined(separator: ", "))}, "
      + "\"withinDistance\": \(String(format: "%.4f", 1000 * within)), "
      + "\"frames\": \(frames), \"missing\": \(missing)}"
  }

  private static func numbers(
    _ f: PredictionFigures, _ within: Double
  ) -> [(name: String, value: Double?, places: Int)] {
    [
      ("median", f.median, 2), ("coverage", f.coverage, 3), ("coveredMedian", f.coveredMedian, 2),
      ("offset", f.offset, 2), ("within", f.within(within), 3), ("psnr", f.psnr, 2),
      ("evenedPSNR", f.evenedPSNR, 2),
    ]
  }

  private static func cells(_ f: PredictionFigures, _ within: Double) -> [String] {
    ["\(f.images)", "\(f.pixels)"]
      + numbers(f, within).map { _, value, places in
        value.map { String(format: "%.\(places)f", $0) } ?? "-"
      }
  }

  private static func object(_ f: PredictionFigures, _ within: Double) -> String {
    let members =
      ["\"images\": \(f.images)", "\"pixels\": \(f.pixels)"]
      + numbers(f, within).map { name, value, _ in
        "\"\(name)\": " + (value.map { String(format: "%.4f", $0) } ?? "null")
      }
    return "{" + members.joined(separator: ", ") + "}"
  }
}
