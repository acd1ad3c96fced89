public import CaptureCore
public import Foundation
internal import MeshExport

extension Pipeline {
  /// Writes meshes at any times of the take, between frames too: `OUT/between/time_0.050000.ply`.
  ///
  /// - Returns: The files, in the order of the times.
  /// - Throws: ``CaptureError`` `usage` before training, for fusion and for a time outside the take.
  public func meshes(at times: [Double]) throws(CaptureError) -> [URL] {
    let lock = try OutputLock(output.url)
    defer { withExtendedLifetime(lock) {} }
    // As the stage `mesh` would: its inputs are checked, its configuration is this one.
    let context = context(for: .mesh, nil, try standing(before: .mesh))
    _ = try context.fingerprint(.train)
    let surfaces = try FrameSurfaces(context)
    let folder = output.url.appendingPathComponent("between")
    try AtomicFile.makeFolder(folder)
    return try times.map { time throws(CaptureError) in
      try context.monitor.checkCancelled()
      let mesh = try surfaces.mesh(at: time, monitor: context.monitor)
      let url = folder.appendingPathComponent(String(format: "time_%.6f.ply", time))
      try PLYWriter().write(mesh, to: url)
      return url
    }
  }
}
