internal import ArgumentParser
internal import CaptureCore
internal import FieldBackendCPU
internal import NeuralFields

/// `fieldmesh-bench query`: evaluations of a trained field, what meshing spends its time on.
struct QueryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "query", abstract: "Times evaluations of a field: distance, gradient, colour.")

  @OptionGroup var field: FieldOptions
  @OptionGroup var machine: MachineOptions
  @Option(help: "Points in one query.") var points = 65536
  @Option(help: "Queries to measure, after one to warm up.") var queries = 15

  func validate() throws {
    guard points > 0, queries > 0 else {
      throw ValidationError("Points and queries must be above 0.")
    }
  }

  func run() throws {
    let (target, layout) = (try machine.kernelTarget(), try field.layout())
    let backend = CPUBackend(target: target, threads: machine.threads)
    let slice = try backend.slice(
      layout, parameters: layout.freshParameters(seed: 1),
      bandWeights: [Float](repeating: 1, count: layout.field.bands), position: 0.5)
    var random = SeededGenerator(seed: 7)
    let coordinates = (0..<3 * points).map { _ in 2 * random.uniform() - 1 }
    var distance = [Float](repeating: 0, count: points)
    var (gradient, rgb) = (coordinates, coordinates)
    var report = QueryReport(
      backend: backend.name, threads: backend.threads, width: field.width, points: points)
    let cost = FieldCost(layout)
    var peaks: [Double] = []
    for (name, hasGradient, hasColor) in [
      ("distance", false, false), ("distance and gradient", true, false),
      ("distance and colour", false, true), ("all three", true, true),
    ] {
      let query = {
        coordinates.withUnsafeBufferPointer { x in
          gradient.withUnsafeMutableBufferPointer { g in
            rgb.withUnsafeMutableBufferPointer { c in
              slice.evaluate(
                x, distance: &distance, gradient: hasGradient ? g.baseAddress : nil,
                rgb: hasColor ? c.baseAddress : nil)
            }
          }
        }
      }
      query()
      let (times, peak) = secondsAndPeak(times: queries, backend, query)
      peaks.append(peak)
      let rate = Double(points) / Times(times).median
      let operations = cost.distance * (hasGradient ? 2 : 1) + (hasColor ? cost.color : 0)
      report.queries.append(
        QueryReport.Query(name: name, evaluationsPerSecond: rate, rate: rate * operations))
    }
    report.corePeak = Times(peaks.sorted()).median
    try report.show(asJSON: machine.json)
  }
}

/// Speed of evaluations.
private struct QueryReport: Report {
  struct Query: Encodable {
    var name: String
    var evaluationsPerSecond: Double
    /// Operations a second.
    var rate: Double
  }

  var backend: String
  var threads, width, points: Int
  /// Operations a second that a core has while all work.
  var corePeak = 0.0
  var queries: [Query] = []

  var text: String {
    let lines = queries.map {
      "  \($0.name): \($0.evaluationsPerSecond.text(0)) evaluations/s, "
        + "\(($0.rate * 1e-9).text(1)) GFLOP/s, "
        + "\(($0.rate / corePeak / Double(threads) * 100).text(0)) % of the peak"
    }
    return "\(backend), \(threads) threads, width \(width), \(points) points\n"
      + lines.joined(separator: "\n")
  }
}
