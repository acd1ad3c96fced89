internal import BundleAdjustment
internal import CalibrationTargets
internal import CaptureCore
internal import Foundation
internal import Recordings

/// What there is to say about a calibrated rig, as text, JSON and HTML.
struct RigReport: Sendable {
  let result: RigResult
  let verdicts: RigVerdicts

  init(_ result: RigResult) { (self.result, verdicts) = (result, RigVerdicts(result)) }

  var verdict: CalibrationVerdict { verdicts.overall }

  private var ids: [String] { result.adjustment.given.map(\.id) }

  static func mm(_ metres: Double) -> String { String(format: "%.1f", metres * 1000) }
  private static func percent(_ share: Double) -> String {
    String(format: "%.0f %%", share * 100)
  }
  private static func degrees(_ radians: Double) -> String {
    String(format: "%.2f", radians * 180 / .pi)
  }

  static let cameraHeadings = [
    "camera", ">views", ">corners", ">outliers", ">px rms", ">depth mm rms", ">bias mm",
    ">lean mm", ">noise mm", ">size", ">overlap", ">place ±mm", ">turn ±deg", "verdict",
  ]

  /// One row a camera under ``cameraHeadings``.
  var cameraRows: [[String]] {
    ids.indices.map { i in
      let f = result.figures.cameras[i]
      let u = result.adjustment.uncertainty(camera: i)
      let isReference = i == result.adjustment.reference
      let depth =
        f.depths > 0
        ? [
          Self.mm(f.distance), String(format: "%+.1f", f.bias * 1000), Self.mm(f.shape),
          Self.mm(f.noise), String(format: "%.4f", f.scale),
        ] : ["-", "-", "-", "-", "-"]
      return [ids[i], "\(f.views)", "\(f.points)", "\(f.outliers)"]
        + [String(format: "%.2f", f.reprojection)] + depth
        + [
          Self.percent(result.shared[i]),
          isReference ? "reference" : Self.mm(u.position),
          isReference ? "" : Self.degrees(u.rotation),
          (verdicts.remarks(camera: i).first?.verdict ?? .pass).rawValue,
        ]
    }
  }

  static let pairHeadings = [
    "pair", ">views", ">corners", ">px rms", ">apart mm rms", ">overlap", ">place ±mm",
    ">turn ±deg",
    "verdict",
  ]

  /// One row a pair under ``pairHeadings``.
  var pairRows: [[String]] {
    result.figures.pairs.map { pair in
      let overlap =
        (result.overlaps[pair.first][pair.second]
          + result.overlaps[pair.second][pair.first]) / 2
      let deviation = result.adjustment.uncertainty(camera: pair.second, against: pair.first)
      return [
        "\(ids[pair.first]) \(ids[pair.second])", "\(pair.views)", "\(pair.points)",
        String(format: "%.2f", pair.reprojection), pair.agreement.map(Self.mm) ?? "-",
        Self.percent(overlap), Self.mm(deviation.position), Self.degrees(deviation.rotation),
        (verdicts.remark(pair: pair)?.verdict ?? .pass).rawValue,
      ]
    }
  }

  static let deviceHeadings = [
    "device", ">fx", ">fy", ">cx", ">cy", ">k1", ">k2", ">± fx", ">± cx", ">depth lens moved mm",
    ">depth offset mm", ">depth scale %", ">depth radial %",
  ]

  /// What was found out about the devices, a row a camera under ``deviceHeadings``, with the change
  /// in brackets; empty where nothing was looked for.
  var deviceRows: [[String]] {
    guard !result.calibration.corrections.isEmpty else { return [] }
    return ids.indices.map { i in
      let (given, found) = (
        result.adjustment.given[i], result.adjustment.adjusted.problem.cameras[i]
      )
      let (old, new) = (given.model.intrinsics, found.model.intrinsics)
      func pixels(_ before: Double, _ after: Double) -> String {
        String(format: "%.1f (%+.1f)", after, after - before)
      }
      let deviations = result.adjustment.uncertainty(camera: i)
      let moved = (found.colorFromDepth.translation - given.colorFromDepth.translation).length
      return [
        ids[i], pixels(old.fx, new.fx), pixels(old.fy, new.fy), pixels(old.cx, new.cx),
        pixels(old.cy, new.cy), String(format: "%.4f", found.model.distortion.k1),
        String(format: "%.4f", found.model.distortion.k2), String(format: "%.1f", deviations.focal),
        String(format: "%.1f", deviations.center), Self.mm(moved),
        String(format: "%+.1f", found.bias.offset * 1000),
        String(format: "%+.2f", found.bias.scale * 100),
        String(format: "%+.2f", found.bias.radial * 100),
      ]
    }
  }

  /// What holds for the whole rig, as sentences.
  var summary: [String] {
    let adjusted = result.adjustment.adjusted
    var lines = [
      "Board: \(result.target.name), \(result.target.summary); looked for in \(result.corners.pictures.count) pictures of \(result.corners.sets.count) frame sets, seen in \(result.adjustment.views.count).",
      String(
        format: "Noise: %.2f px, depth %.1f mm; %d of %d measurements left out as outliers.",
        adjusted.pixelNoise, adjusted.depthNoise * 1000, adjusted.outliers, adjusted.terms),
      "Floor: \(result.world.floor.text).",
    ]
    if let scale = verdicts.scale {
      let percent = (scale.mean - 1) * 100
      lines.append(
        String(
          format:
            "Scale: depth says that the board is %.2f %% %@ than described (%.2f %% between cameras).",
          abs(percent), percent >= 0 ? "larger" : "smaller", scale.deviation * 100))
    }
    if let all = verdicts.agreement(of: Set(ids.indices)) {
      lines.append("Cameras put the same corners \(Self.mm(all)) mm apart (rms over all pairs).")
    }
    if let worst = verdicts.worst {
      let rest = Set(ids.indices).subtracting([worst.camera])
      let others = verdicts.agreement(of: rest).map { ", \(Self.mm($0)) mm without it" } ?? ""
      lines.append("Worst: \(ids[worst.camera])\(others). \(worst.text)")
    }
    return lines
  }

  /// The remarks, each with the name of what it is about.
  var remarks: [(verdict: CalibrationVerdict, about: String, text: String)] {
    let cameras = ids.indices.flatMap { i in
      verdicts.remarks(camera: i).map { ($0.verdict, ids[i], $0.text) }
    }
    let pairs = result.figures.pairs.compactMap { pair in
      verdicts.remark(pair: pair).map {
        ($0.verdict, "\(ids[pair.first]) \(ids[pair.second])", $0.text)
      }
    }
    let rig = verdicts.size.map { [($0.verdict, "rig", $0.text)] } ?? []
    return rig + cameras + pairs
  }

  /// The report for a terminal.
  var text: String {
    var cameras = TextTable(Self.cameraHeadings)
    for row in cameraRows { cameras.add(row) }
    var parts = [summary.joined(separator: "\n"), cameras.text]
    if !pairRows.isEmpty {
      var pairs = TextTable(Self.pairHeadings)
      for row in pairRows { pairs.add(row) }
      parts.append(pairs.text)
    }
    if !deviceRows.isEmpty {
      var devices = TextTable(Self.deviceHeadings)
      for row in deviceRows { devices.add(row) }
      parts.append(devices.text)
    }
    if !remarks.isEmpty {
      parts.append(
        remarks.map { "\($0.verdict.rawValue): \($0.about): \($0.text)" }.joined(separator: "\n"))
    }
    parts.append("Verdict: \(verdict.rawValue)")
    return parts.joined(separator: "\n\n")
  }

  /// The report as a document.
  var json: JSONValue {
    let adjusted = result.adjustment.adjusted
    let cameras = ids.indices.map { i -> JSONValue in
      let f = result.figures.cameras[i]
      let u = result.adjustment.uncertainty(camera: i)
      return .object([
        .init("id", .string(ids[i])), .init("views", .number(Double(f.views))),
        .init("corners", .number(Double(f.points))),
        .init("outliers", .number(Double(f.outliers))),
        .init("reprojectionPixels", .number(f.reprojection)),
        .init("depthCorners", .number(Double(f.depths))),
        .init("depthRmsMeters", .number(f.distance)), .init("depthBiasMeters", .number(f.bias)),
        .init("depthLeanMeters", .number(f.shape)), .init("depthNoiseMeters", .number(f.noise)),
        .init("boardScale", .number(f.scale)), .init("coverage", .number(f.coverage)),
        .init("overlap", .number(result.shared[i])),
        .init("positionDeviationMeters", .number(u.position)),
        .init("rotationDeviationRadians", .number(u.rotation)),
        .init("focalDeviationPixels", .number(u.focal)),
        .init(
          "verdict", .string((verdicts.remarks(camera: i).first?.verdict ?? .pass).rawValue)),
        .init("remarks", .array(verdicts.remarks(camera: i).map { .string($0.text) })),
      ])
    }
    let pairs = result.figures.pairs.map { pair -> JSONValue in
      let deviation = result.adjustment.uncertainty(camera: pair.second, against: pair.first)
      return .object([
        .init("first", .string(ids[pair.first])), .init("second", .string(ids[pair.second])),
        .init("views", .number(Double(pair.views))),
        .init("corners", .number(Double(pair.points))),
        .init("reprojectionPixels", .number(pair.reprojection)),
        .init("agreementRmsMeters", pair.agreement.map { .number($0) } ?? .null),
        .init("overlap", .number(result.overlaps[pair.first][pair.second])),
        .init("overlapBack", .number(result.overlaps[pair.second][pair.first])),
        .init("positionDeviationMeters", .number(deviation.position)),
        .init("rotationDeviationRadians", .number(deviation.rotation)),
        .init("verdict", .string((verdicts.remark(pair: pair)?.verdict ?? .pass).rawValue)),
      ])
    }
    return .object([
      .init("format", .string("fieldmesh-calibration-report")), .init("version", .number(1)),
      .init("rig", .string(result.calibration.rig)), .init("target", .string(result.target.name)),
      .init("verdict", .string(verdict.rawValue)),
      .init("pixelNoise", .number(adjusted.pixelNoise)),
      .init("depthNoiseMeters", .number(adjusted.depthNoise)),
      .init("summary", .array(summary.map { .string($0) })), .init("cameras", .array(cameras)),
      .init("pairs", .array(pairs)),
    ])
  }
}
