internal import Foundation
internal import SurfaceMetrics

extension Evaluation.Outcome {
  /// What each figure says, and its unit.
  private static let meanings: [String: (unit: String, text: String)] = [
    "accuracy": ("mm", "from the result to the truth"),
    "completeness": ("mm", "from the truth to the result"),
    "chamfer": ("mm", "mean of the two"),
    "f5": ("", "F-score at 5 mm"),
    "f10": ("", "F-score at 10 mm"),
    "normals": ("", "|cos| between normals"),
    "offset": ("mm", "along the true normal; + is outside"),
    "chamferAll": ("mm", "with what no camera saw"),
    "thin": ("", "share of thin parts (30 mm) that is there"),
    "floaters": ("", "parts a frame in the air"),
    "watertight": ("", "share of closed meshes"),
    "jitter": ("mm", "change at one place from frame to frame"),
    "frames": ("", "compared"),
    "missing": ("", "without a mesh, or with an empty one"),
  ]

  /// One line a figure, aligned, with what it means.
  public var table: String {
    let lines = figures.named.map { name, value in
      let meaning = Self.meanings[name] ?? ("", "")
      let label = name.padding(toLength: 13, withPad: " ", startingAt: 0)
      let number = value.map { Self.number($0, name) } ?? "-"
      let space = String(repeating: " ", count: max(0, 9 - number.count))
      let unit = meaning.unit.padding(toLength: 3, withPad: " ", startingAt: 0)
      return label + space + number + " " + unit + " " + meaning.text
    }
    let note =
      hasPlaces
      ? "Means over the places that a camera saw, but for chamferAll."
      : "The truth has no points.npz: all places count as seen, and jitter is not measured."
    return (lines + ["", note]).joined(separator: "\n")
  }

  /// One line of JSON, the figures in the order of the table, nil as `null`.
  public var json: String {
    let members = figures.named.map { name, value in
      "\"\(name)\": " + (value.map { Self.number($0, name) } ?? "null")
    }
    return "{" + (members + ["\"places\": \(hasPlaces)"]).joined(separator: ", ") + "}"
  }

  private static func number(_ value: Double, _ name: String) -> String {
    name == "frames" || name == "missing"
      ? String(Int(value)) : String(format: "%.4f", value)
  }
}
