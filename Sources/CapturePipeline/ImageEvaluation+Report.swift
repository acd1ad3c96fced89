internal import CaptureCore
internal import Foundation

extension ImageEvaluation.Outcome {
  private static let headings = [
    "camera", ">images", ">pixels", ">median mm", ">covered", ">median mm", ">offset mm",
    ">within", ">PSNR dB", ">evened",
  ]

  /// A row a camera, and one of all, with what the columns mean.
  public var table: String {
    var table = TextTable(Self.headings)
    for camera in cameras { table.add([camera.id] + Self.cells(camera.figures, within)) }
    if cameras.count > 1 { table.add(["all"] + Self.cells(total, within)) }
    let near = String(format: "%g mm", 1000 * within)
    return table.text + "\n\n" + """
      pixels: depth pixels that show the subject; median: of the absolute differences in depth, over all of
      them (those without a mesh count as infinitely far), then over the covered ones alone; offset: median,
      + behind; within: share of all pixels covered to \(near); PSNR: of the mesh's colours where it is
      drawn on the subject, then after one factor a channel. \(frames) frame sets, \(missing) without a mesh.
      """
  }

  /// One line of JSON; nil as `null`, lengths in millimetres.
  public var json: String {
    let parts = cameras.map {
      "\(JSONValue.quoted($0.id)): \(Self.object($0.figures, within))"
    }
    return
      "{\"all\": \(Self.object(total, within)), \"cameras\": {\(parts.joined(separator: ", "))}, "
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
