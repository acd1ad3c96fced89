internal import CaptureCore
internal import FieldTraining
internal import Foundation
internal import MeshExport
internal import Meshing
internal import NeuralFields
internal import RayObservations
internal import Synchronization

/// Extracts one mesh a frame, each with a record of what it was made from.
struct MeshStage: PipelineStage {
  let name = StageName.mesh

  func inputs(_ context: StageContext) throws(CaptureError) -> [String: String] {
    let configuration = context.configuration
    var inputs = [
      "observe": try context.fingerprint(.observe), "method": configuration.method.rawValue,
      "meshing": try context.hash(configuration.meshing), "strict": "\(configuration.strict)",
    ]
    switch configuration.method {
    case .field: inputs["train"] = try context.fingerprint(.train)
    case .tsdf: inputs["fusion"] = try context.hash(configuration.fusion)
    }
    return inputs
  }

  func run(
    _ context: StageContext, claim: () throws(CaptureError) -> Void
  ) throws(CaptureError) -> StageResult {
    try claim()
    let list = try FrameList.read(context.output)
    let records = try extract(list.frames.indices, of: list.frames, context)
    let meshes = records.compactMap(\.mesh)
    guard !meshes.isEmpty else {
      throw CaptureError(
        .badInput, "No frame has a surface. \(records.first?.failure ?? "")",
        at: context.output.folder(.mesh).path)
    }
    return StageResult(
      outputs: meshes.map(\.file) + records.map { MeshRecord.fileName($0.number) },
      summary: "\(meshes.count) meshes, \(counted(meshes.reduce(0) { $0 + $1.faces })) faces",
      skipped: records.compactMap(\.failure))
  }

  /// Several frames side by side as far as memory allows: much of a frame's work is not parallel.
  func extract(
    _ positions: Range<Int>, of frames: [FrameList.Frame], _ context: StageContext
  ) throws(CaptureError) -> [MeshRecord] {
    let surfaces = try FrameSurfaces(context)
    let inputs = try self.inputs(context).sorted { $0.key < $1.key }.map {
      "\($0.key) \($0.value)\n"
    }
    .joined()
    var results = [Result<MeshRecord, CaptureError>?](repeating: nil, count: positions.count)
    let done = Atomic<Int>(0)
    let failed = Atomic<Bool>(false)
    results.withUnsafeMutableBufferPointer { buffer in
      nonisolated(unsafe) let buffer = buffer
      concurrently(positions.count, threads: surfaces.framesAtOnce) { i, _ in
        guard !failed.load(ordering: .relaxed), !context.monitor.isCancelled() else { return }
        let result = Result { () throws(CaptureError) in
          let position = positions.lowerBound + i
          return try record(frames[position], at: position, inputs, surfaces, context)
        }
        if case .failure = result { failed.store(true, ordering: .relaxed) }
        buffer[i] = result
        let count = done.wrappingAdd(1, ordering: .relaxed).newValue
        context.monitor.report(count, positions.count, "")
      }
    }
    var records: [MeshRecord] = []
    for result in results {
      guard let result else { continue }
      records.append(try result.get())
    }
    try context.monitor.checkCancelled()
    // In the frames' order, and those of frames that an earlier run has left as well.
    for warning in records.flatMap({ $0.warnings ?? [] }) { context.monitor.warn(warning) }
    return records
  }

  private func record(
    _ frame: FrameList.Frame, at position: Int, _ inputs: String, _ surfaces: FrameSurfaces,
    _ context: StageContext
  ) throws(CaptureError) -> MeshRecord {
    let file = MeshRecord.File(
      folder: context.output.folder(.mesh), number: frame.number,
      inputs: SHA256.hexDigest(of: Data("\(inputs)\(frame.number) \(frame.time)".utf8)))
    if let known = file.standing() { return known }
    return try extract(frame, at: position, file, surfaces, context)
  }

  private func extract(
    _ frame: FrameList.Frame, at position: Int, _ file: MeshRecord.File,
    _ surfaces: FrameSurfaces, _ context: StageContext
  ) throws(CaptureError) -> MeshRecord {
    let place = "frame \(frame.number)"
    var monitor = context.monitor
    monitor.report = { _, _, _ in }
    let warnings = Mutex<[String]>([])
    monitor.warn = { sentence in warnings.withLock { $0.append("\(place): \(sentence)") } }
    // What cannot be read or written says nothing of the frame: only its surface's failure is kept.
    let evidence: FrameSurfaces.Evidence
    do { evidence = try surfaces.evidence(ofFrame: position) } catch { throw error.within(place) }
    let mesh: TriangleMesh
    do {
      mesh = try surfaces.mesh(of: evidence, monitor: monitor)
    } catch {
      guard error.code != .tryAgain else { throw error }
      let error = error.within(place)
      guard error.code == .badInput, !context.configuration.strict else { throw error }
      return try file.write(failure: error)
    }
    return try file.write(mesh, time: frame.time, warnings: warnings.withLock { $0 })
  }
}
