internal import ArgumentParser
internal import CaptureCore
internal import FieldBackendCPU
internal import NeuralFields

/// `fieldmesh-bench query`: evaluations of a trained field, what meshing spends its time on.
struct QueryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "query", abstract: "Times evaluations of a field: distance, gradient, colour.")

  @OptionGroup var field: FieldOptions
  @Option(help: "Points in one query.") var points = 65536
  @Option(help: "Queries to measure, after one to warm up.") var queries = 15

  func validate() throws {
    guard points > 0, queries > 0 else {
      throw ValidationError("Points and queries must be above 0.")
    }
  }

  func run() throws {
    let (target, layout) = (try field.kernelTarget(), try field.layout())
    let backend = CPUBackend(target: target, threads: field.threads)
    let slice = try backend.slice(
      layout, parameters: layout.freshParameters(seed: 1),
      bandWeights: [Float](repeating: 1, count: layout.field.bands), position: 0.5)
    var random = SeededGenerator(seed: 7)
    let coordinates = (0..<3 * points).map { _ in 2 * random.uniform() - 1 }
    var distance = [Float](repeating: 0, count: points)
    var (gradient, rgb) = (coordinates, coordinates)
    print("\(backend.name), \(backend.threads) threads, width \(field.width), \(points) points")
    let (cost, peak) = (FieldCost(layout), target.measuredPeak() * Double(backend.threads))
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
      let times = seconds(times: queries, query)
      let rate = Double(points) / times[times.count / 2]
      let operations = cost.distance * (hasGradient ? 2 : 1) + (hasColor ? cost.color : 0)
      print(
        "  \(name): \(rate.text(0)) evaluations/s, \((rate * operations * 1e-9).text(1)) GFLOP/s, "
          + "\((rate * operations / peak * 100).text(0)) % of the peak")
    }
  }
}
