import CaptureCore
import CaptureTestSupport
import FieldBackendCPU
import Foundation
import NeuralFields
import Synchronization
import Testing

@testable import FieldTraining

@Suite struct FieldTrainerTests {
  let folder = Scratch.unused()
  let take = SphereTake(frames: 3)

  static func small(_ field: String = "resfield", steps: Int) -> TrainingConfiguration {
    var c = TrainingConfiguration()
    (c.field, c.width, c.depth, c.rank, c.bands, c.steps) = (field, 48, 4, 3, 4, steps)
    (c.raysPerFrame, c.backgroundPerFrame, c.uniformPerFrame) = (64, 64, 64)
    (c.warmup, c.checkpointSteps, c.rate) = (10, 40, field == "siren" ? 5e-4 : 3e-3)
    return c
  }

  private func train(
    _ c: TrainingConfiguration, in name: String, threads: Int = 2, monitor: StageMonitor = .silent
  ) throws -> TrainedField {
    let backend = CPUBackend(target: try KernelTarget.choose(), threads: threads)
    let folder = folder.appendingPathComponent(name)
    _ = try FieldTrainer.train(
      source: take, configuration: c, backend: backend, folder: folder, monitor: monitor)
    return try TrainedField.load(folder: folder, backend: backend)
  }

  /// A monitor that asks to stop after so many steps.
  private static func stopping(after count: Int) -> StageMonitor {
    let steps = Atomic<Int>(0)
    return StageMonitor(isCancelled: { steps.add(1, ordering: .relaxed).newValue > count })
  }

  private func bytes(_ name: String) throws -> Data {
    try Data(contentsOf: folder.appendingPathComponent(name).appendingPathComponent("field.fmf"))
  }

  /// Mean absolute error of the distance on the true sphere and on shells around it, metres.
  private func error(_ field: TrainedField, time: Double, center: SIMD3<Float>) throws -> Float {
    let surface = try field.field(at: time)
    var random = SeededGenerator(seed: 4)
    let offsets = (0..<600).map { _ in Float.random(in: -0.02...0.02, using: &random) }
    let points = offsets.map { offset -> SIMD3<Float> in
      var v = SIMD3<Float>.zero
      repeat {
        v = SIMD3(
          .random(in: -1...1, using: &random), .random(in: -0.6...0.6, using: &random),
          .random(in: -1...1, using: &random))
      } while v.length < 0.2 || v.length > 1
      return center + v.normalized * (take.radius + offset)
    }
    var distances = [Float](repeating: 0, count: points.count)
    points.withUnsafeBufferPointer { p in
      distances.withUnsafeMutableBufferPointer { surface.distances(at: p, into: $0) }
    }
    return zip(distances, offsets).reduce(0) { $0 + abs($1.0 - $1.1) } / Float(points.count)
  }

  @Test(arguments: ["resfield", "siren"]) func aMovingSphereIsFound(_ name: String) throws {
    let field = try train(Self.small(name, steps: 500), in: name)
    for frame in 0..<3 {
      let e = try error(field, time: take.times[frame], center: SphereTake.center(frame))
      #expect(e < 0.005, "frame \(frame): \(e) m")
    }
  }

  @Test func betweenFramesTheSurfaceLiesBetween() throws {
    let field = try train(Self.small(steps: 500), in: "between")
    let time = (take.times[1] + take.times[2]) / 2
    let between = (SphereTake.center(1) + SphereTake.center(2)) / 2
    // The frame before or behind would be off by 14 mm, and no surface at all by 10.
    #expect(try error(field, time: time, center: between) < 0.007)
  }

  @Test func threadsDoNotChangeTheBytes() throws {
    _ = try train(Self.small(steps: 30), in: "one", threads: 1)
    _ = try train(Self.small(steps: 30), in: "three", threads: 3)
    #expect(try bytes("one") == bytes("three"))
  }

  @Test func aTrainingThatWasStoppedEndsInTheSameBytes() throws {
    let c = Self.small(steps: 90)
    _ = try train(c, in: "whole")
    let stopping = Self.stopping(after: 55)
    let error = #expect(throws: CaptureError.self) {
      try train(c, in: "parts", monitor: stopping)
    }
    #expect(
      error?.description
        == "Stopped on request. Run the same command again to continue; finished work is kept.")
    _ = try train(c, in: "parts")
    #expect(try bytes("whole") == bytes("parts"))
  }

  @Test func aDamagedCheckpointIsPassedOverForTheOneBefore() throws {
    let c = Self.small(steps: 90)
    _ = try train(c, in: "whole")
    let stopping = Self.stopping(after: 85)
    #expect(throws: CaptureError.self) { try train(c, in: "damaged", monitor: stopping) }
    let place = folder.appendingPathComponent("damaged")
    let names = try FileManager.default.contentsOfDirectory(atPath: place.path).sorted()
    #expect(names == ["checkpoint_00000080.fmc", "checkpoint_00000085.fmc"])
    let newest = place.appendingPathComponent(names[1])
    var data = try Data(contentsOf: newest)
    data[data.count / 2] ^= 1
    try data.write(to: newest)
    let warnings = Mutex<[String]>([])
    _ = try train(
      c, in: "damaged", monitor: StageMonitor(warn: { w in warnings.withLock { $0.append(w) } }))
    #expect(
      warnings.withLock { $0 } == [
        "\(newest.path): The file is damaged: its checksum is wrong. It is passed over for an older checkpoint."
      ])
    #expect(try bytes("whole") == bytes("damaged"))
  }

  @Test func aCheckpointOfAnotherTrainingIsNotUsed() throws {
    let stopping = Self.stopping(after: 45)
    var other = Self.small(steps: 60)
    other.seed = 2
    #expect(throws: CaptureError.self) { try train(other, in: "mixed", monitor: stopping) }
    _ = try train(Self.small(steps: 60), in: "mixed")
    _ = try train(Self.small(steps: 60), in: "pure")
    #expect(try bytes("mixed") == bytes("pure"))
  }

  @Test func everyTruncatedFieldIsRefused() throws {
    _ = try train(Self.small(steps: 1), in: "cut")
    let url = folder.appendingPathComponent("cut/field.fmf")
    let whole = try Data(contentsOf: url)
    let backend = CPUBackend(target: try KernelTarget.choose())
    for length in stride(from: 0, to: whole.count, by: 997) {
      try whole.prefix(length).write(to: url)
      #expect(throws: CaptureError.self, "\(length) bytes") {
        try TrainedField.load(folder: url.deletingLastPathComponent(), backend: backend)
      }
    }
  }

  @Test(arguments: [
    ("times", "The times of the field's frames do not ascend."),
    ("none", "The times of the field's frames do not ascend."),
    ("weights", "The field has 5 band weights instead of 4."),
    ("scale", "The field's space has a scale of 0.0 m around SIMD3<Float>(0.0, 0.0, 0.0)."),
    ("count", "The field has 1 parameters instead of 29152."),
  ]) func aFieldThatMakesNoSenseIsRefused(_ what: String, _ complaint: String) throws {
    let c = Self.small(steps: 1)
    let field = BuiltinFields.standard(
      FieldSize(width: c.width, depth: c.depth, rank: c.rank, bands: c.bands), capacity: 3)
    let layout = try ParameterLayout(field)
    var space = FieldSpace(box: take.box, times: [0, 1, 1])
    space.center = .zero
    var (weights, parameters) = (
      [Float](repeating: 1, count: c.bands), [Float](repeating: 0, count: layout.count)
    )
    switch what {
    case "times": space.times = [0, 9, 1]
    case "none": space.times = []
    case "weights": weights.append(1)
    case "scale": space.scale = 0
    default: parameters = [0]
    }
    try AtomicFile.makeFolder(folder)
    let url = folder.appendingPathComponent("field.fmf")
    try ParameterFile.write(
      magic: WindowField.magic,
      header: WindowField.Header(field: field, space: space, bandWeights: weights),
      arrays: [parameters], to: url)
    let error = #expect(throws: CaptureError.self) {
      try TrainedField.load(folder: folder, backend: CPUBackend(target: try KernelTarget.choose()))
    }
    #expect(error?.description == "\(url.path): \(complaint) Train again.")
  }

  @Test func withoutColourImagesAFieldHasNone() throws {
    #expect(take.cameras.allSatisfy { $0.description.color == nil })
    let field = try train(Self.small(steps: 1), in: "grey")
    let (places, surface) = ([SIMD3<Float>.zero], try field.field(at: take.times[0]))
    var colors = places
    let hasColors = places.withUnsafeBufferPointer { p in
      colors.withUnsafeMutableBufferPointer { surface.colors(at: p, into: $0) }
    }
    #expect(!hasColors)
  }

  @Test func timesOutsideOfTheTakeAreRefused() throws {
    let field = try train(Self.small(steps: 1), in: "time")
    let error = #expect(throws: CaptureError.self) { try field.field(at: 7) }
    #expect(error?.what == "The time 7.0 s lies outside of the take.")
  }
}

@Suite struct CheckpointStoreTests {
  @Test func aCheckpointUnderTheNameOfAnotherStepIsNotTaken() throws {
    let folder = try Scratch.folder()
    let store = CheckpointStore(folder: folder, prefix: "checkpoint_", fingerprint: "a")
    var state = OptimizerState(parameters: [1, 2])
    state.step = 5
    try store.save(state, nil)
    #expect(store.newest(count: 2, cameras: nil, monitor: .silent)?.state.step == 5)
    let (old, new) = (
      folder.appendingPathComponent("checkpoint_00000005.fmc"),
      folder.appendingPathComponent("checkpoint_00000009.fmc")
    )
    try FileManager.default.moveItem(at: old, to: new)
    #expect(store.newest(count: 2, cameras: nil, monitor: .silent) == nil)
    #expect(!FileManager.default.fileExists(atPath: new.path))
  }

  @Test func posesAreKeptAndThoseOfAnotherRigRefused() throws {
    let folder = try Scratch.folder()
    let store = CheckpointStore(folder: folder, prefix: "checkpoint_", fingerprint: "a")
    var poses = PoseState(cameras: 2)
    poses.corrections[1] = PoseRefinerTests.errors[1]
    (poses.rounds, poses.before[0], poses.isHeld[1]) = (3, 0.1 + 0.2, true)
    try store.save(OptimizerState(parameters: [1, 2]), poses)
    #expect(store.newest(count: 2, cameras: 2, monitor: .silent)?.poses == poses)
    #expect(store.newest(count: 2, cameras: 3, monitor: .silent) == nil)
  }
}

@Suite struct TrainingConfigurationTests {
  @Test func valuesOutOfRangeAreNamed() {
    var c = TrainingConfiguration()
    c.steps = -1
    let error = #expect(throws: CaptureError.self) { try c.validate() }
    #expect(
      error?.description
        == "training.steps: -1 is out of range. Choose a value from 0 to 10000000.")
    c = TrainingConfiguration()
    c.normalWeight = [1]
    #expect(throws: CaptureError.self) { try c.validate() }
  }
}
