import CaptureCore
import CaptureTestSupport
import FieldBackendCPU
import Foundation
import NeuralFields
import Synchronization
import Testing

@testable import FieldTraining

@Suite struct TrainingWindowsTests {
  let folder = Scratch.unused()
  let take = SphereTake(frames: 10)

  private static func configuration(steps: Int) -> TrainingConfiguration {
    var c = FieldTrainerTests.small(steps: steps)
    (c.window, c.overlap, c.width, c.depth) = (9, 3, 24, 3)
    return c
  }

  private func train(
    _ windows: [Int], in name: String, steps: Int = 60, monitor: StageMonitor = .silent
  ) throws -> URL {
    let place = folder.appendingPathComponent(name)
    let backend = CPUBackend(target: try KernelTarget.choose(), threads: 2)
    for window in windows {
      _ = try FieldTrainer.train(
        source: take, configuration: Self.configuration(steps: steps), backend: backend,
        folder: place, window: window, monitor: monitor)
    }
    return place
  }

  private func load(_ folder: URL) throws -> TrainedField {
    try TrainedField.load(
      folder: folder, backend: CPUBackend(target: try KernelTarget.choose(), threads: 1))
  }

  private static let places = 60

  /// Distances, then colour-less gradients, at points around the sphere's way.
  private func values(_ field: any ScalarField) -> [Float] {
    let points = (0..<Self.places).map { i in
      SIMD3<Float>(Float(i) / 60 - 0.3, 0.31 - 0.004 * Float(i), 0.02 * Float(i % 7))
    }
    var distances = [Float](repeating: 0, count: points.count)
    var gradients = [SIMD3<Float>](repeating: .zero, count: points.count)
    points.withUnsafeBufferPointer { p in
      distances.withUnsafeMutableBufferPointer { d in
        gradients.withUnsafeMutableBufferPointer { field.gradients(at: p, into: d, gradients: $0) }
      }
    }
    return distances + gradients.flatMap { [$0.x, $0.y, $0.z] }
  }

  @Test(
    "Windows cover every frame, none in three, none longer than asked, neighbours share as asked")
  func ranges() {
    var c = TrainingConfiguration()
    for (window, overlap) in [(9, 3), (10, 3), (24, 8), (100, 8)] {
      (c.window, c.overlap) = (window, overlap)
      for frames in 1...400 {
        let ranges = TrainingWindows(frames: frames, c).ranges
        var seen = [Int](repeating: 0, count: frames)
        for range in ranges {
          for frame in range { seen[frame] += 1 }
        }
        let isRight =
          seen.allSatisfy { (1...2).contains($0) } && ranges.allSatisfy { $0.count <= window }
          && zip(ranges, ranges.dropFirst()).allSatisfy {
            $0.upperBound - $1.lowerBound == overlap
          }
          && (ranges.map(\.count).max() ?? 0) - (ranges.map(\.count).min() ?? 0) <= 1
        #expect(isRight, "\(frames) frames in \(ranges)")
        #expect((ranges.count == 1) == (frames <= window))
      }
    }
    c.window = 0
    #expect(TrainingWindows(frames: 5000, c).ranges == [0..<5000])
  }

  @Test("Windows end in the same bytes in any order, and when one was stopped on the way")
  func order() throws {
    let one = try train([0, 1], in: "one")
    let names = ["field_0001.fmf", "field_0002.fmf"]
    #expect(TrainedField.names(windows: 2) == names)
    let steps = Atomic<Int>(0)
    let stopping = StageMonitor(
      isCancelled: { steps.add(1, ordering: .relaxed).newValue > 50 })
    #expect(throws: CaptureError.self) {
      try train([1], in: "two", monitor: stopping)
    }
    let checkpoints = try FileManager.default.contentsOfDirectory(
      atPath: folder.appendingPathComponent("two").path)
    #expect(Set(checkpoints) == ["checkpoint_0002_00000040.fmc", "checkpoint_0002_00000050.fmc"])
    #expect(try TrainedField.parameters(ofWindow: 1, of: 2, in: one) ?? 0 > 1000)
    // The other window leaves its neighbour's checkpoints alone.
    _ = try train([0], in: "two")
    let two = try train([1], in: "two")
    #expect(try Set(FileManager.default.contentsOfDirectory(atPath: two.path)) == Set(names))
    for name in names {
      let (a, b) = (one.appendingPathComponent(name), two.appendingPathComponent(name))
      #expect(try Data(contentsOf: a) == Data(contentsOf: b))
    }
  }

  @Test("Between windows there is no jump: one field gives way to the other, linearly in time")
  func seam() throws {
    let place = try train([0, 1], in: "seam", steps: 300)
    let field = try load(place)
    #expect(field.duration == take.times[0]...take.times[9])
    let alone = try TrainedField.names(windows: 2).map {
      try WindowField.read(place.appendingPathComponent($0))
    }
    let backend = CPUBackend(target: try KernelTarget.choose(), threads: 1)
    // Windows 0..<6 and 3..<10 share frames 3, 4 and 5.
    for (frame, share) in [(0, 0), (3, 0), (4, 0.5), (5, 1), (6, 1), (9, 1)] as [(Int, Float)] {
      let time = take.times[frame]
      let (a, b) = (
        share < 1 ? values(try alone[0].surface(at: time, on: backend)) : [],
        share > 0 ? values(try alone[1].surface(at: time, on: backend)) : []
      )
      let mixed =
        share == 0 ? a : share == 1 ? b : zip(a, b).map { $0 + share * ($1 - $0) }
      let found = values(try field.field(at: time))
      #expect(
        zip(found, mixed).allSatisfy { abs($0 - $1) < 1e-6 }, "frame \(frame)")
    }
    // Two trainings do not agree to the last digit; across the seam nothing may show of that.
    let (middleA, middleB) = (
      values(try alone[0].surface(at: take.times[4], on: backend)),
      values(try alone[1].surface(at: take.times[4], on: backend))
    )
    #expect(zip(middleA, middleB).prefix(Self.places).map { abs($0 - $1) }.max()! > 1e-3)
    // Gradients of composed weights that are rounded to bfloat16 change by the last of its digits.
    let digit: Float = backend.target.name == "avx512bf16" ? 4e-3 : 1e-4
    for frame in 1..<9 {
      let (before, after) = (take.times[frame] - 1e-7, take.times[frame] + 1e-7)
      let jumps = zip(values(try field.field(at: before)), values(try field.field(at: after)))
        .map { abs($0 - $1) }
      #expect(jumps.prefix(Self.places).max()! < 1e-4, "frame \(frame)")
      #expect(jumps.dropFirst(Self.places).max()! < digit, "frame \(frame)")
    }
  }

  @Test("A window that is missing, or is another's, is refused")
  func missing() throws {
    let place = try train([0, 1], in: "missing", steps: 1)
    let second = place.appendingPathComponent("field_0002.fmf")
    let kept = try Data(contentsOf: second)
    try FileManager.default.removeItem(at: second)
    #expect(throws: CaptureError.self) { try load(place) }
    try FileManager.default.copyItem(at: place.appendingPathComponent("field_0001.fmf"), to: second)
    let error = #expect(throws: CaptureError.self) { try load(place) }
    #expect(error?.what == "The field is that of another window, or of windows of another length.")
    let told = Mutex<[String]>([])
    let monitor = StageMonitor(warn: { sentence in told.withLock { $0.append(sentence) } })
    func parameters() throws -> Int? {
      try TrainedField.parameters(ofWindow: 1, of: 2, in: place, monitor: monitor)
    }
    #expect(try parameters() == nil)
    try FileManager.default.removeItem(at: second)
    #expect(try parameters() == nil)
    #expect(told.withLock { $0 } == [])
    try kept.dropLast(4).write(to: second)
    #expect(try parameters() == nil)
    #expect(
      told.withLock { $0 } == [
        "\(second.path): The file is damaged: its checksum is wrong. It is trained anew."
      ])
    // What cannot be read may be whole.
    try FileManager.default.removeItem(at: second)
    try FileManager.default.createDirectory(at: second, withIntermediateDirectories: false)
    let unread = #expect(throws: CaptureError.self) { try parameters() }
    #expect(unread?.code == .tryAgain && unread?.place == second.path)
    try FileManager.default.removeItem(at: second)
    try kept.write(to: second)
    _ = try load(place)
  }

  @Test("Windows need room for what they share, and fixed poses")
  func objections() throws {
    var c = Self.configuration(steps: 10)
    c.overlap = 4
    #expect(throws: CaptureError.self) { try c.validate() }
    c.window = 12
    try c.validate()
    c.refinePoses = true
    let error = #expect(throws: CaptureError.self) { try c.validate() }
    #expect(error?.place == "training.refinePoses")
  }
}
