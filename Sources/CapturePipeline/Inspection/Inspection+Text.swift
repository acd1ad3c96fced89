public import CaptureCore
internal import Foundation
internal import FrameSync

extension Inspection {
  /// The inspection as tables to read.
  public var text: String {
    let legend =
      "missing: frame sets without its depth; off by: mean distance of its depth from the set's time; colour: how long after its depth"
    var parts = [
      heading, deviceTable.text, streamTable.text + "\n" + legend, depthTable.text, regionText,
    ]
    if let clockTable { parts.insert(clockTable.text, at: 3) }
    if !warnings.isEmpty { parts.append(list("Warnings", warnings)) }
    if !unreadable.isEmpty { parts.append(list("Images that could not be read", unreadable)) }
    parts.append(
      (["Verdict: \(verdict.rawValue)"] + findings.map { "- " + $0.text }).joined(separator: "\n"))
    return parts.joined(separator: "\n\n")
  }

  /// How the clocks of the cameras relate; nil where nobody had to look.
  private var clockTable: TextTable? {
    guard sync.cameras.contains(where: { $0.clock != nil }) else { return nil }
    var table = TextTable([
      "camera", "clock from", ">offset ms", ">+- ms", ">rate ppm", ">+- ppm",
    ])
    for camera in sync.cameras {
      guard let clock = camera.clock else { continue }
      table.add([
        camera.id, clock.source.rawValue, fixed(clock.fit.offset * 1000, 2),
        clock.offsetDeviation.map { fixed($0 * 1000, 2) } ?? "-", fixed(clock.fit.rate * 1e6, 0),
        clock.rateDeviation.map { fixed($0 * 1e6, 0) } ?? "-",
      ])
    }
    return table
  }

  /// The inspection as JSON, keys sorted.
  /// - Throws: ``CaptureError`` when a number is not finite, which no recording gives.
  public func json() throws(CaptureError) -> String { try jsonText(self) }

  private var heading: String {
    let count = cameras.count == 1 ? "1 camera" : "\(cameras.count) cameras"
    let sets = sync.sets == 1 ? "1 frame set" : "\(sync.sets) frame sets"
    return """
      \(name): \(format), \(count)
      \(sets) from \(fixed(sync.start, 3)) to \(fixed(sync.end, 3)) s, \
      \(fixed(1 / sync.period, 2)) Hz (the take says \(fixed(framesPerSecond, 2)) Hz)
      calibration: \(calibratedRig.map { "of the rig `\($0)`" } ?? "none")
      """
  }

  private var deviceTable: TextTable {
    var table = TextTable([
      "camera", "model", "clock", ">delay ms", ">colour", ">depth", ">range m", ">depth f px",
    ])
    for camera in cameras {
      table.add([
        camera.id, camera.model.isEmpty ? "-" : camera.model, camera.sync.mode.rawValue,
        fixed(camera.sync.delay * 1000, 3), size(camera.color), size(camera.depth),
        "\(fixed(camera.range.lowerBound, 2))-\(fixed(camera.range.upperBound, 2))",
        camera.depth.map { fixed($0.intrinsics.fx, 1) } ?? "-",
      ])
    }
    return table
  }

  private var streamTable: TextTable {
    var table = TextTable([
      "camera", ">depth images", ">dropped %", ">missing", ">unused", ">gap ms", ">colour images",
      ">dropped %", ">masks", ">off by ms", ">at most ms", ">suspicious", ">colour ms",
    ])
    for camera in sync.cameras {
      table.add([
        camera.id, "\(camera.depthFrames)", percent(camera.depthDropShare),
        "\(camera.missingSets)",
        "\(camera.unusedDepth)", fixed(camera.longestGap * 1000, 1), "\(camera.colorFrames)",
        percent(camera.colorDropShare), "\(camera.maskFrames)", fixed(camera.meanError * 1000, 3),
        fixed(camera.maxError * 1000, 3), "\(camera.suspiciousSets)",
        camera.colorAfterDepth.map { fixed($0 * 1000, 2) } ?? "-",
      ])
    }
    return table
  }

  private var depthTable: TextTable {
    var table = TextTable([
      "camera", ">depth 1 %", ">median", ">99 % m", ">holes %", ">out of range %",
    ])
    for camera in cameras {
      let depths = (0..<3).map { i in camera.percentiles.map { fixed($0[i], 3) } ?? "-" }
      table.add(
        [camera.id] + depths + [camera.holes, camera.outOfRange].map(percent))
    }
    return table
  }

  private var regionText: String {
    let sampled = sampledSets == 1 ? "1 frame set" : "\(sampledSets) frame sets"
    let source = "depth figures: every pixel of \(sampled)"
    guard let region else { return source }
    func corner(_ p: SIMD3<Float>) -> String {
      (0..<3).map { fixed(Double(p[$0]), 2) }.joined(separator: " ")
    }
    let floor = region.floorHeight.map { "at y = \(fixed($0, 3)) m" } ?? "not found"
    return """
      \(source)
      region of interest: \(corner(region.box.lower)) to \(corner(region.box.upper)) m \
      (the box that `run` finds by itself), floor \(floor)
      """
  }

  private func list(_ title: String, _ lines: [String]) -> String {
    ([title + ":"] + lines.map { "- " + $0 }).joined(separator: "\n")
  }

  private func size(_ model: CameraModel?) -> String {
    model.map { "\($0.width)x\($0.height)" } ?? "-"
  }

  private func percent(_ share: Double?) -> String { share.map { fixed($0 * 100, 1) } ?? "-" }

  private func fixed(_ value: Double, _ digits: Int) -> String {
    let text = String(format: "%.\(digits)f", value)
    // No minus before a zero.
    return text.hasPrefix("-") && text.allSatisfy { "-0.".contains($0) }
      ? String(text.dropFirst()) : text
  }
}
