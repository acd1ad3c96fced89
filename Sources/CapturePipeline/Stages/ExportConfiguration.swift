public import CaptureCore
internal import MeshExport

/// How meshes leave the program.
public struct ExportConfiguration: DocumentedConfiguration {
  /// File formats, by their endings.
  public var formats = ["ply"]

  /// All defaults.
  public init() {}

  /// One line a key.
  public static let documentation: [ConfigurationField] = [
    .init(
      "formats", "", "File formats to write.",
      choices: BuiltinMeshWriters.all.map(\.fileExtension))
  ]

  /// - Throws: ``CaptureError`` `usage` without any format, or with one twice.
  public func validate() throws(CaptureError) {
    guard !formats.isEmpty, Set(formats).count == formats.count else {
      let names = BuiltinMeshWriters.all.map(\.fileExtension).joined(separator: ", ")
      throw CaptureError(
        .usage, "Each format can be named once, and there must be one.", at: "export.formats",
        remedy: "Choose from: \(names).")
    }
  }
}
