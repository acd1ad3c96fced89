public import CaptureCore
public import Foundation

/// `camchain.yaml` of Kalibr: `T_cn_cnm1` goes from the camera before to this one; pixel centres at
/// whole numbers; distortion `radtan` with k1 k2 p1 p2.
///
/// Names are those of the image topics, `/<camera>/image_raw`. The world is not in the file: on
/// reading it stands at the first camera, which is taken to be held level, y up.
public enum KalibrFormat: CalibrationFormat {
  /// `kalibr`.
  public static let name = "kalibr"
  /// One file.
  public static let isFolder = false

  /// Writes a rig.
  public static func write(_ rig: CalibratedRig, to url: URL) throws(CaptureError) {
    func list(_ numbers: [Double]) -> String {
      "[" + numbers.map(CalibrationFormats.text).joined(separator: ", ") + "]"
    }
    var text = ""
    for (i, camera) in rig.cameras.enumerated() {
      let lens = try rig.lens(of: camera, format: name) {
        $0.k3 == 0 && $0.k4 == 0 && $0.k5 == 0 && $0.k6 == 0
      }
      let (k, d) = (lens.intrinsics, lens.distortion)
      text += "cam\(i):\n"
      if i > 0 {
        let fromBefore = camera.worldFromColor.inverse * rig.cameras[i - 1].worldFromColor
        text += "  T_cn_cnm1:\n"
        for row in fromBefore.matrix { text += "  - \(list(row))\n" }
      }
      text += "  camera_model: pinhole\n"
      text += "  distortion_coeffs: \(list([d.k1, d.k2, d.p1, d.p2]))\n"
      text += "  distortion_model: radtan\n"
      text += "  intrinsics: \(list([k.fx, k.fy, k.cx, k.cy]))\n"
      text += "  resolution: \(list([Double(lens.width), Double(lens.height)]))\n"
      text += "  rostopic: /\(camera.id)/image_raw\n"
    }
    try AtomicFile.write(Data(text.utf8), to: url)
  }

  /// Reads a rig.
  public static func read(_ url: URL) throws(CaptureError) -> CalibratedRig {
    let text = try CalibrationFormats.text(url)
    do {
      return try rig(text, name: url.deletingPathExtension().lastPathComponent)
    } catch {
      throw error.within(url.path)
    }
  }

  private static func rig(_ text: String, name: String) throws(CaptureError) -> CalibratedRig {
    let sections = try CamchainText.sections(text)
    var cameras: [CalibratedRig.Camera] = []
    for (i, section) in sections.enumerated() {
      guard section.name == "cam\(i)" else {
        throw CaptureError(
          .badInput, "Camera \(i) of the chain is called `\(section.name)`, not `cam\(i)`.")
      }
      do {
        let before = cameras.last?.worldFromColor
        cameras.append(try camera(section, after: before))
      } catch {
        throw error.within("`\(section.name)`")
      }
    }
    return try CalibratedRig(rig: name, cameras: cameras).checked()
  }

  private static func camera(
    _ section: CamchainText.Section, after before: RigidTransform?
  ) throws(CaptureError) -> CalibratedRig.Camera {
    for (key, wanted) in [("camera_model", "pinhole"), ("distortion_model", "radtan")]
    where section.words[key] != wanted {
      throw CaptureError(
        .badInput, "`\(key)` is `\(section.words[key] ?? "")`; only `\(wanted)` can be read.")
    }
    let k = try section.numbers("intrinsics", count: 4)
    let d = try section.numbers("distortion_coeffs", count: 4)
    let size = try section.numbers("resolution", count: 2)
    guard let width = Int(exactly: size[0]), let height = Int(exactly: size[1]),
      (1...16384).contains(width), (1...16384).contains(height), k[0] > 0, k[1] > 0
    else {
      throw CaptureError(.badInput, "`resolution` or `intrinsics` is out of range.")
    }
    var pose = RigidTransform.halfTurnAboutX
    if let before {
      let m = try section.numbers("T_cn_cnm1", count: 16)
      let fromBefore = try RigidTransform(
        validating: [m[0], m[1], m[2], m[4], m[5], m[6], m[8], m[9], m[10]],
        translation: [m[3], m[7], m[11]])
      pose = before * fromBefore.inverse
    }
    let topic = (section.words["rostopic"] ?? section.name).split(separator: "/").first
    return CalibratedRig.Camera(
      id: topic.map(String.init) ?? section.name, worldFromColor: pose,
      lens: CameraModel(
        width: width, height: height,
        intrinsics: Intrinsics(fx: k[0], fy: k[1], cx: k[2], cy: k[3]),
        distortion: Distortion(k1: d[0], k2: d[1], p1: d[2], p2: d[3])))
  }
}

/// As much YAML as `camchain.yaml` has: sections, and in them words, lists of numbers in brackets, and
/// such lists below each other.
enum CamchainText {
  struct Section {
    var name: String
    var words: [String: String] = [:]
    var lists: [String: [Double]] = [:]

    func numbers(_ key: String, count: Int) throws(CaptureError) -> [Double] {
      guard let list = lists[key], list.count == count else {
        throw CaptureError(
          .badInput, "`\(key)` must be \(count) numbers, but has \(lists[key]?.count ?? 0).")
      }
      return list
    }
  }

  static func sections(_ text: String) throws(CaptureError) -> [Section] {
    var sections: [Section] = []
    var key = ""
    for (number, raw) in text.split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline
    ).enumerated() {
      let line = raw.trimmingCharacters(in: .whitespaces)
      if line.isEmpty || line.hasPrefix("#") || line.hasPrefix("%") { continue }
      func failure() -> CaptureError {
        CaptureError(.badInput, "Line \(number + 1) is not what a camchain has.")
      }
      if raw.first != " ", raw.first != "-" {
        guard line.hasSuffix(":"), sections.count < CameraDescription.limit else { throw failure() }
        sections.append(Section(name: String(line.dropLast())))
        key = ""
        continue
      }
      guard !sections.isEmpty else { throw failure() }
      let last = sections.count - 1
      if line.hasPrefix("-") {
        guard !key.isEmpty, let row = list(line.dropFirst()),
          sections[last].lists[key, default: []].count + row.count <= 64
        else { throw failure() }
        sections[last].lists[key, default: []] += row
        continue
      }
      guard let colon = line.firstIndex(of: ":") else { throw failure() }
      key = String(line[..<colon])
      let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      if value.isEmpty { continue }
      if value.hasPrefix("[") {
        // Other lists, of cameras that overlap for instance, are not needed.
        sections[last].lists[key] = list(value[...]) ?? []
      } else {
        sections[last].words[key] = value
      }
    }
    return sections
  }

  private static func list(_ text: Substring) -> [Double]? {
    let inner = text.trimmingCharacters(in: .whitespaces)
    guard inner.hasPrefix("["), inner.hasSuffix("]") else { return nil }
    let parts = inner.dropFirst().dropLast().split(separator: ",")
    let numbers = parts.compactMap { Double($0.trimmingCharacters(in: .whitespaces)) }
    guard numbers.count == parts.count, numbers.allSatisfy(\.isFinite), numbers.count <= 64 else {
      return nil
    }
    return numbers
  }
}
