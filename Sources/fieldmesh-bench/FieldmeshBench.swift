internal import ArgumentParser
internal import CaptureCore
internal import FieldBackendCPU
internal import Foundation
internal import NeuralFields

/// Measures Fieldmesh's parts by themselves.
@main
struct FieldmeshBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fieldmesh-bench", abstract: "Measures Fieldmesh's parts by themselves.",
    subcommands: [
      StepCommand.self, QueryCommand.self, ExtractCommand.self, CubesCommand.self,
      ClocksCommand.self, AlignCommand.self,
    ])
}

/// What a measurement runs on, and how it speaks.
struct MachineOptions: ParsableArguments {
  @Option(help: "Threads; all cores by default.") var threads: Int?
  @Option(
    help: "Instruction set: \(KernelTarget.allNames.joined(separator: ", ")); the best by default.")
  var target: String?
  @Flag(help: "Print one line of JSON.") var json = false

  func kernelTarget() throws(CaptureError) -> KernelTarget {
    guard let target else { return try .choose() }
    return try .choose(environment: ["FIELDMESH_FORCE_TARGET": target])
  }
}

/// The field that a measurement runs, untrained.
struct FieldOptions: ParsableArguments {
  @Option(help: "Neurons a layer.") var width = 128
  @Option(help: "Rank of the ResField layers.") var rank = 10
  @Option(help: "Coefficient rows.") var frames = 100

  func layout() throws(CaptureError) -> ParameterLayout {
    try ParameterLayout(
      BuiltinFields.standard(FieldSize(width: width, rank: rank), capacity: frames))
  }
}

/// Floating-point operations of one forward pass of one point, two for each weight.
struct FieldCost {
  var distance, color: Double

  init(_ layout: ParameterLayout) {
    func count(_ layers: ArraySlice<ParameterLayout.Layer>) -> Double {
      layers.reduce(0) { $0 + 2 * Double($1.inputs * $1.block.outputs) }
    }
    let hidden = layout.field.distance.count
    (distance, color) = (count(layout.layers[..<hidden]), count(layout.layers[hidden...]))
  }
}

/// Seconds that `body` takes, once for each of `times`, sorted.
func seconds(times: Int, _ body: () throws -> Void) rethrows -> [Double] {
  try (0..<times).map { _ in
    let start = DispatchTime.now().uptimeNanoseconds
    try body()
    return Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
  }.sorted()
}

/// Seconds as ``seconds(times:_:)`` tells them, and in turns with them the peak of a core while all work (median): a change of the machine's speed
/// meets both.
func secondsAndPeak(
  times: Int, _ backend: CPUBackend, _ body: () -> Void
) -> (seconds: [Double], peak: Double) {
  var (spent, peaks) = ([Double](), [Double]())
  for _ in 0..<times {
    peaks.append(backend.target.measuredPeak(threads: backend.threads))
    spent += seconds(times: 1, body)
  }
  return (spent.sorted(), Times(peaks.sorted()).median)
}

extension Double {
  /// The number with so many places behind the point.
  func text(_ places: Int) -> String { String(format: "%.\(places)f", self) }
}
