internal import ArgumentParser
internal import CaptureCore
internal import FieldBackendCPU
internal import FieldTraining
internal import Foundation
internal import Meshing
internal import RayObservations

/// `fieldmesh-bench extract`: meshes from the trained field of a run.
struct ExtractCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "extract",
    abstract: "Loads a run's trained field and times the extraction of one frame's mesh.")

  @Argument(help: "Folder of a run with observations and a trained field.") var output: String
  @OptionGroup var machine: MachineOptions
  @Option(help: "Position of the frame among those observed.") var frame = 0
  @Option(help: "Edges of the cells, metres, separated by commas.") var voxels = "0.008,0.004,0.002"
  @Option(help: "How often to measure, after one to warm up.") var times = 3
  @Option(help: "Also evaluate a dense grid with this step, metres, and time it.")
  var dense: Float?
  @Option(help: "Where to write the dense grid, float32 [z, y, x], as NumPy file.")
  var save: String?

  private var edges: [Float?] { voxels.split(separator: ",").map { Float($0) } }

  func validate() throws {
    guard times > 0, frame >= 0 else {
      throw ValidationError("Times must be above 0, the frame not below.")
    }
    guard edges.allSatisfy({ $0 != nil }) else {
      throw ValidationError("--voxels takes numbers, such as 0.008,0.004.")
    }
    guard save == nil || dense != nil else { throw ValidationError("--save needs --dense.") }
  }

  func run() throws {
    let folder = URL(fileURLWithPath: output)
    let cache = try ObservationCache.open(folder: folder.appendingPathComponent("observe"))
    guard frame < cache.frameCount else {
      throw ValidationError("There are \(cache.frameCount) frames.")
    }
    let backend = CPUBackend(target: try machine.kernelTarget(), threads: machine.threads)
    let training = folder.appendingPathComponent("train")
    let load = try seconds(times: 5) {
      _ = try TrainedField.load(folder: training, backend: backend).field(at: cache.times[frame])
    }
    let field = try TrainedField.load(folder: training, backend: backend)
      .field(at: cache.times[frame])
    let observations = try cache.frame(frame)
    var report = ExtractReport(
      backend: backend.name, threads: backend.threads, frames: cache.frameCount,
      box: [cache.box.size.x, cache.box.size.y, cache.box.size.z], load: Times(load))
    for voxel in edges.compactMap({ $0 }) {
      var meshing = MeshingConfiguration()
      meshing.voxel = voxel
      let extract = {
        try SurfaceExtractor.mesh(
          of: field, in: cache.box, observations: observations, cameras: cache.cameras,
          configuration: meshing, threads: backend.threads)
      }
      var result = try extract()
      let spent = try seconds(times: times) { result = try extract() }
      report.meshes.append(
        .init(
          voxel: voxel, times: Times(spent), area: result.mesh.area, report: result.report))
    }
    if let dense { report.dense = try evaluate(field, in: cache.box, step: dense, backend) }
    try report.show(asJSON: machine.json)
  }

  private func evaluate(
    _ field: any ScalarField, in box: BoundingBox, step: Float, _ backend: CPUBackend
  ) throws -> ExtractReport.Dense {
    let start = DispatchTime.now().uptimeNanoseconds
    // The field has its own threads.
    let grid = try DistanceGrid(of: field, in: box, spacing: step, threads: 1)
    let spent = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
    if let save { try grid.write(to: URL(fileURLWithPath: save)) }
    return .init(
      step: step, points: [grid.points.x, grid.points.y, grid.points.z], seconds: spent)
  }
}

extension TriangleMesh {
  /// Sum of the triangles' areas, square metres.
  fileprivate var area: Double {
    triangles.reduce(0.0) { sum, t in
      let (a, b, c) = (positions[Int(t.x)], positions[Int(t.y)], positions[Int(t.z)])
      return sum + 0.5 * Double((b - a).cross(c - a).length)
    }
  }
}

/// Speed of extraction.
private struct ExtractReport: Report {
  struct Mesh: Encodable {
    var voxel: Float
    var times: Times
    /// Square metres.
    var area: Double
    var report: MeshReport
  }
  struct Dense: Encodable {
    var step: Float
    var points: [Int32]
    var seconds: Double
  }

  var backend: String
  var threads, frames: Int
  /// Size of the region of interest, metres.
  var box: [Float]
  /// Of reading the field and preparing it for one instant.
  var load: Times
  var meshes: [Mesh] = []
  var dense: Dense?

  var text: String {
    var lines = ["\(backend), \(threads) threads; the field loads in \(load.text)"]
    for mesh in meshes {
      let counts = mesh.report
      lines.append(
        "  \(Double(mesh.voxel * 1000).text(1)) mm: \(mesh.times.text); \(counts.vertices) vertices, "
          + "\(mesh.area.text(2)) m2; \(counts.distanceQueries) distances, "
          + "\(counts.gradientQueries) gradients, \(counts.colorQueries) colours asked")
    }
    if let dense {
      lines.append(
        "  dense at \(Double(dense.step * 1000).text(1)) mm: \(dense.seconds.text(2)) s for "
          + dense.points.map(String.init).joined(separator: " x ") + " points")
    }
    return lines.joined(separator: "\n")
  }
}
