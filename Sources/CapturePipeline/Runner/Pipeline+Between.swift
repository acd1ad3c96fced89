public import CaptureCore
internal import FieldTraining
public import Foundation
internal import MeshExport
internal import Meshing
internal import RayObservations

extension Pipeline {
  /// Writes meshes at any times of the take, between frames too: `OUT/between/time_0.050000.ply`.
  ///
  /// - Returns: The files, in the order of the times.
  /// - Throws: ``CaptureError`` `usage` before training, for fusion, for trimmed meshes and for a time outside the take.
  public func meshes(at times: [Double]) throws(CaptureError) -> [URL] {
    guard configuration.method == .field else {
      throw CaptureError(
        .usage, "Fusion has no surface between frames.", at: "--time",
        remedy: "Use the method 'field'.")
    }
    guard configuration.meshing.trim == .none else {
      throw CaptureError(
        .usage, "Between frames no camera looked: there is nothing to trim by.", at: "meshing.trim",
        remedy: "Leave --trim or --time out.")
    }
    let lock = try begin(nil)
    defer { withExtendedLifetime(lock) {} }
    // As the stage `mesh` would: its inputs are checked, its configuration is this one.
    let context = context(for: .mesh, nil, try standing(before: .mesh))
    _ = try context.fingerprint(.train)
    let cache = try ObservationCache.open(folder: output.folder(.observe))
    let trained = try TrainedField.load(folder: output.folder(.train), backend: backend)
    for time in times { try trained.check(time) }
    try AtomicFile.makeFolder(output.between)
    return try times.map { time throws(CaptureError) in
      try context.monitor.checkCancelled()
      if let gap = cache.gap(around: time, longerThan: configuration.observations.bridge) {
        context.monitor.warn(
          String(
            format: "No frame lies between %.2f s and %.2f s: the mesh at %.2f s is a guess.",
            gap.lowerBound, gap.upperBound, time))
      }
      // Nothing is carved: no camera looked at that instant.
      let mesh = try SurfaceExtractor.mesh(
        of: try trained.field(at: time), in: cache.box, endsAtFloor: cache.endsAtFloor,
        configuration: configuration.meshing, threads: threads, monitor: context.monitor
      ).mesh
      let url = output.between.appendingPathComponent(String(format: "time_%.6f.ply", time))
      try PLYWriter().write(mesh, to: url)
      return url
    }
  }
}

extension ObservationSource {
  /// The frames' times on both sides of a time, where they lie farther apart than so many seconds.
  fileprivate func gap(around time: Double, longerThan length: Double) -> ClosedRange<Double>? {
    zip(times, times.dropFirst()).first { $0 < time && time < $1 && $1 - $0 > length }
      .map { $0...$1 }
  }
}
