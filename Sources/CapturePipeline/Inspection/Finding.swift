public import CaptureCore
internal import Foundation

extension Inspection {
  /// What a recording is good for.
  public enum Verdict: String, Codable, CaseIterable, Comparable, Sendable {
    /// Nothing was found.
    case good
    /// It can be used, with losses that the findings name.
    case usable
    /// A run would fail or yield nothing to be trusted.
    case broken

    /// The worse is the greater.
    public static func < (a: Verdict, b: Verdict) -> Bool {
      let order = allCases
      return (order.firstIndex(of: a) ?? 0) < (order.firstIndex(of: b) ?? 0)
    }
  }

  /// What is wrong with a recording, and what to do.
  public struct Finding: Codable, Equatable, Sendable {
    /// What it makes of the recording.
    public var verdict: Verdict
    /// Name of the camera; nil where it is about the whole recording.
    public var camera: String?
    /// What is wrong, as a sentence.
    public var what: String
    /// What to do, as a sentence.
    public var remedy: String

    /// The finding as one line.
    public var text: String { "\(verdict.rawValue): \(what) \(remedy)" }
  }
}

/// A recording that cannot even be opened: a list that goes back in time, a description that does not
/// hold, a calibration of another rig.
public struct RefusedTake: Codable, Equatable, Sendable {
  /// Always broken.
  public private(set) var verdict = Inspection.Verdict.broken
  /// Why, and what to do.
  public var findings: [Inspection.Finding]

  /// A recording that `error` was thrown for.
  public init(_ error: CaptureError) {
    let place = error.place.isEmpty ? "" : error.place + ": "
    findings = [
      Inspection.Finding(
        verdict: .broken, what: place + error.what,
        remedy: error.remedy.isEmpty
          ? "Check the path; repair the file, or record again, where it is damaged." : error.remedy)
    ]
  }

  /// The verdict as text to read.
  public var text: String {
    (["Verdict: \(verdict.rawValue)"] + findings.map { "- " + $0.text }).joined(separator: "\n")
  }

  /// The verdict as JSON, keys sorted, as in an inspection.
  public var json: String {
    // Texts alone always encode.
    (try? jsonText(self)) ?? ""
  }
}

/// What the sampled images of a stream show.
struct ImageFigures {
  /// Images that were read.
  var images = 0
  /// Pairs of neighbours that were compared, and those that are the same to the byte.
  var pairs = 0
  var repeats = 0
  /// Images that could not be read.
  var unreadable = 0
  /// Images of another size than the camera is described with.
  var misfits = 0
  /// Sum over images of the mean brightness, 0...255, and of the share of pixels that are white.
  private var brightness = 0.0
  private var white = 0.0

  /// Mean brightness, 0...255; nil without an image.
  var meanBrightness: Double? { images > 0 ? brightness / Double(images) : nil }
  /// Share of pixels that are white in all channels, 0...1; nil without an image.
  var whiteShare: Double? { images > 0 ? white / Double(images) : nil }

  mutating func add(_ image: ColorImage) {
    images += 1
    var (sum, clipped) = (0, 0)
    image.pixels.withUnsafeBufferPointer { pixels in
      for i in stride(from: 0, to: pixels.count, by: 3) {
        let least = min(pixels[i], pixels[i + 1], pixels[i + 2])
        sum += Int(pixels[i]) + Int(pixels[i + 1]) + Int(pixels[i + 2])
        if least >= 250 { clipped += 1 }
      }
    }
    let count = max(1, image.width * image.height)
    brightness += Double(sum) / Double(3 * count)
    white += Double(clipped) / Double(count)
  }

  mutating func add(_ image: DepthImage) { images += 1 }

  mutating func compare(_ areEqual: Bool) {
    pairs += 1
    if areEqual { repeats += 1 }
  }
}
