internal import ArgumentParser
internal import CaptureCore
internal import Foundation
internal import Meshing
internal import NumpyFiles
internal import SyntheticRigs

/// `fieldmesh-bench cubes`: marching cubes alone, on a dense grid.
struct CubesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cubes",
    abstract: "Times marching cubes alone, on a dense grid of a synthetic subject's distances.")

  @Option(help: "Step of the grid, metres.") var voxel: Float = 0.004
  @Option(help: "Whose surface: walker, dancer, porter.") var subject = "walker"
  @Option(help: "How often to measure, after one to warm up.") var times = 5
  @Option(help: "Threads; all cores by default.") var threads: Int?
  @Option(help: "Also write the grid, float32 [z, y, x], as NumPy file here.") var save: String?
  @Flag(help: "Print one line of JSON.") var json = false

  func validate() throws {
    guard times > 0, voxel > 0 else { throw ValidationError("Times and step must be above 0.") }
  }

  func run() throws {
    var knobs = SyntheticRigConfiguration()
    knobs.subject = subject
    let rig = try SyntheticRig(knobs)
    let time = rig.triggerTime(0)
    let grid = try DistanceGrid(
      of: rig.field(at: time), in: rig.bounds(at: time).expanded(by: 0.05), spacing: voxel,
      threads: threads)
    if let save { try grid.write(to: URL(fileURLWithPath: save)) }
    var mesh = try SurfaceExtractor.surface(of: grid, threads: threads)
    let spent = try seconds(times: times) {
      mesh = try SurfaceExtractor.surface(of: grid, threads: threads)
    }
    let cells = grid.points &- 1
    try CubesReport(
      threads: threads ?? ProcessInfo.processInfo.activeProcessorCount,
      cells: Int(cells.x) * Int(cells.y) * Int(cells.z), vertices: mesh.positions.count,
      faces: mesh.triangles.count, times: Times(spent)
    ).show(asJSON: json)
  }
}

extension DistanceGrid {
  /// Writes the distances as a NumPy array [z, y, x].
  func write(to url: URL) throws(CaptureError) {
    try NumpyFile.write(
      NumpyArray(
        shape: [Int(points.z), Int(points.y), Int(points.x)], elements: .float32(distances)),
      to: url)
  }
}

/// Speed of marching cubes.
private struct CubesReport: Report {
  var threads, cells, vertices, faces: Int
  var times: Times

  var text: String {
    """
    \(threads) threads, \(cells) cells, \(vertices) vertices, \(faces) faces
    \(times.text), \((times.median / Double(cells) * 1e9).text(2)) ns a cell
    """
  }
}
