internal import CaptureCore
internal import Foundation
internal import MeshExport

/// Writes the meshes in the formats asked for, and their table of contents.
struct ExportStage: PipelineStage {
  let name = StageName.export

  func inputs(_ context: StageContext) throws(CaptureError) -> [String: String] {
    [
      "mesh": try context.fingerprint(.mesh),
      "export": try context.hash(context.configuration.export),
    ]
  }

  func run(
    _ context: StageContext, claim: () throws(CaptureError) -> Void
  ) throws(CaptureError) -> StageResult {
    try claim()
    let list = try FrameList.read(context.output)
    let meshes = try MeshRecord.all(in: context.output, frames: list.frames).compactMap(\.mesh)
    let writers = try context.configuration.export.formats.map { name throws(CaptureError) in
      try BuiltinMeshWriters.named(name)
    }
    let missing = missing(list, meshes, context)
    if !missing.isEmpty {
      let numbers = missing.prefix(10).map(String.init).joined(separator: ", ")
      let frames = missing.count == 1 ? "frame \(numbers)" : "frames \(numbers)"
      let more = missing.count > 10 ? " and \(missing.count - 10) more" : ""
      context.monitor.warn(
        "There is no mesh of \(frames)\(more): the sequence has \(missing.count == 1 ? "a gap" : "gaps") there."
      )
    }
    var entries: [SequenceManifest.Frame] = []
    for (position, mesh) in meshes.enumerated() {
      try context.monitor.checkCancelled()
      context.monitor.report(position, meshes.count, "")
      for writer in writers { entries.append(try export(mesh, writer, context.output)) }
    }
    context.monitor.report(meshes.count, meshes.count, "")
    try SequenceManifest(
      framesPerSecond: list.framesPerSecond, frames: entries, missing: missing
    ).write(toFolder: context.output.folder(.export))
    return StageResult(
      outputs: entries.map(\.file) + [SequenceManifest.fileName],
      summary:
        "\(entries.count) files (\(context.configuration.export.formats.joined(separator: ", ")))")
  }

  /// Numbers of frames without a mesh from the first frame that was paired to the last: those without
  /// a surface, and those that were chosen and then had no image to be paired.
  private func missing(
    _ list: FrameList, _ meshes: [SequenceManifest.Frame], _ context: StageContext
  ) -> [Int] {
    guard let first = list.frames.first?.number, let last = list.frames.last?.number else {
      return []
    }
    let known = Set(meshes.map(\.index))
    return (first...max(first, last)).filter {
      context.configuration.frames.contains($0) && !known.contains($0)
    }
  }

  private func export(
    _ mesh: SequenceManifest.Frame, _ writer: any MeshWriter, _ output: OutputFolder
  ) throws(CaptureError) -> SequenceManifest.Frame {
    let source = output.folder(.mesh).appendingPathComponent(mesh.file)
    let name = SequenceManifest.meshName(frame: mesh.index, fileExtension: writer.fileExtension)
    let target = output.folder(.export).appendingPathComponent(name)
    if name == mesh.file {
      // No second name for one file: what is edited in the export would change the mesh stage's result.
      try AtomicFile.copy(source, to: target)
      return mesh
    }
    var entry = mesh
    entry.file = name
    let whole: TriangleMesh
    do { whole = try PLYReader.read(source) } catch {
      throw CaptureError(
        error.code, "The mesh is damaged: \(error.what)", at: source.path,
        remedy: "Remove it and run the same command again.")
    }
    entry.sha256 = try writer.write(whole, to: target)
    return entry
  }
}
