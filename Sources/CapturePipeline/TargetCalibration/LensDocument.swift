internal import CaptureCore
internal import Foundation

/// Lenses in the form of a camera folder's `intrinsics.json`.
enum LensDocument {
  private static let limit = 1 << 20

  /// A colour lens, and what a depth lens is to it.
  static func document(
    color: CameraModel, depth: (lens: CameraModel, colorFromDepth: RigidTransform)? = nil
  ) -> JSONValue {
    var members = [JSONValue.Member("color", .object(color.members))]
    if let depth {
      let own: [JSONValue.Member] = [
        .init("unit", .number(0.001)), .init("range", .numbers([0.2, 8])),
      ]
      members.append(.init("depth", .object(depth.lens.members + own)))
      members.append(.init("colorFromDepth", depth.colorFromDepth.json))
    }
    return .object(members)
  }

  /// The colour lens of a file.
  /// - Throws: ``CaptureError`` that names the file and the key in it.
  static func color(of url: URL) throws(CaptureError) -> CameraModel {
    let data = try AtomicFile.read(url, limit: limit)
    do {
      return try CameraModel(JSONNode(JSONValue(parsing: data)).member("color"))
    } catch {
      throw error.within(url.path)
    }
  }
}
