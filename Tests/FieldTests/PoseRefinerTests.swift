import CaptureCore
import Foundation
import NeuralFields
import Testing

@testable import FieldTraining

@Suite struct PoseRefinerTests {
  /// About 4 mm and 0.2 degrees, every camera another way.
  static let errors = [
    CameraCorrection(
      translation: SIMD3(0.003, -0.002, 0.001), rotation: SIMD3(0.002, 0.003, -0.001)),
    CameraCorrection(
      translation: SIMD3(-0.002, 0.003, 0.002), rotation: SIMD3(-0.003, 0.001, 0.002)),
    CameraCorrection(
      translation: SIMD3(0.001, 0.002, -0.004), rotation: SIMD3(0.001, -0.003, 0.002)),
    CameraCorrection(
      translation: SIMD3(-0.003, -0.001, 0.002), rotation: SIMD3(-0.001, 0.002, -0.003)),
  ]

  private func configuration(_ rounds: Int = 4) -> TrainingConfiguration {
    var c = FieldTrainerTests.small(steps: 100)
    (c.refinePoses, c.refineRounds) = (true, rounds)
    // So few pixels would hardly move a camera otherwise.
    (c.refineTranslation, c.refineRotation) = (0.02, 3)
    return c
  }

  private func refiner(_ source: any ObservationSource) -> PoseRefiner {
    PoseRefiner(
      source: source, configuration: configuration(),
      space: FieldSpace(box: source.box, times: source.times), capacity: source.frameCount)
  }

  /// The state after some rounds against the true field of a take.
  private func refined(
    _ source: any ObservationSource, of take: BoxTake, rounds: Int
  ) throws -> PoseState {
    let refiner = refiner(source)
    var state = PoseState(cameras: 4)
    for _ in 0..<rounds {
      try refiner.refine(&state) { position throws(CaptureError) in
        BoxSlice(
          center: BoxTake.center(position / 15, take.swing),
          space: (refiner.space.center, refiner.space.scale))
      }
    }
    return state
  }

  /// Root mean square of how far cameras disagree about the box's corners, metres.
  static func disagreement(_ motions: [RigidTransform]) -> Double {
    var sum = 0.0
    for corner in 0..<8 {
      let signs = SIMD3<Double>(
        corner & 1 == 0 ? 1 : -1, corner & 2 == 0 ? 1 : -1, corner & 4 == 0 ? 1 : -1)
      let places = motions.map { $0.apply(SIMD3<Double>(BoxTake.half) * signs) }
      let mean = places.reduce(.zero, +) / Double(places.count)
      for p in places { sum += (p - mean).dot(p - mean) / Double(8 * places.count) }
    }
    return sum.squareRoot()
  }

  static func motions(
    _ corrections: [CameraCorrection], after errors: [CameraCorrection]
  ) -> [RigidTransform] {
    zip(corrections, errors).map { $0.motion(about: .zero) * $1.motion(about: .zero) }
  }

  @Test func posesAreRecoveredFromTheTrueField() throws {
    let take = BoxTake(frames: 2)
    let wrong = CorrectedSource(take, Self.errors)
    let state = try refined(wrong, of: take, rounds: 6)
    let none = Array(repeating: CameraCorrection(), count: 4)
    #expect(Self.disagreement(Self.motions(none, after: Self.errors)) > 0.003)
    let left = Self.disagreement(Self.motions(state.corrections, after: Self.errors))
    #expect(left < 0.001, "\(left) m")
    #expect(state.rounds == 6 && !state.isHeld.contains(true))
    for camera in 0..<4 {
      #expect(try #require(state.before[camera]) > 2 * (try #require(state.after[camera])))
    }
  }

  @Test func theRigAsAWholeStaysWhereItIs() throws {
    let take = BoxTake(frames: 1)
    let state = try refined(CorrectedSource(take, Self.errors), of: take, rounds: 2)
    for sum in [
      state.corrections.reduce(SIMD3.zero) { $0 + $1.translation },
      state.corrections.reduce(SIMD3.zero) { $0 + $1.rotation },
    ] { #expect(sum.length < 1e-12) }
    #expect(state.corrections.allSatisfy { $0.translation.length > 0.0005 })
  }

  @Test func aCameraThatIsFarOffIsHeldAtTheLimit() throws {
    let take = BoxTake(frames: 1)
    var errors = Array(repeating: CameraCorrection(), count: 4)
    errors[2].rotation = SIMD3(0, 0.035, 0)
    let source = CorrectedSource(take, errors)
    let state = try refined(source, of: take, rounds: 6)
    #expect(state.isHeld == [false, false, true, false])
    #expect(abs(state.corrections[2].rotation.length - CameraCorrection.limit.radians) < 1e-9)
    let change = refiner(source).changes(state)[2]
    #expect(change.degrees == 1 && change.isHeld && change.milliseconds == nil)
    #expect(
      change.warning
        == "Camera cam2 is farther off than training corrects (15.0 mm, 1.0 degrees): calibrate the rig anew, or run `fieldmesh align` first."
    )
  }

  @Test func clocksAreRecoveredWhereTheBoxSwings() throws {
    let delays = [0.0, 0.012, -0.014, 0.02]
    let errors = [0.003, -0.004, 0.002, -0.001]
    let take = BoxTake(
      frames: 8, swing: 0.06, delays: delays, claimed: zip(delays, errors).map { $0 + $1 })
    let state = try refined(take, of: take, rounds: 3)
    let left = zip(state.corrections, errors).map { pow($0.seconds + $1, 2) }.reduce(0, +)
    #expect(left < 0.25 * errors.map { $0 * $0 }.reduce(0, +), "\(state.corrections)")
  }

  @Test func wiredCamerasHaveNoClocksToRefine() {
    #expect(!refiner(BoxTake(frames: 2)).hasClocks)
    #expect(refiner(BoxTake(frames: 2, delays: [0, 0, 0.01, 0])).hasClocks)
  }

  @Test func nobodyWaitsForTheClockOfACameraThatSharesLittle() throws {
    let refiner = refiner(BoxTake(frames: 2, delays: [0, 0, 0.01, 0]))
    var evidence = PoseRefiner.Evidence(cameras: 4)
    // Both change by so much a second: what differs may be told by either clock.
    for _ in 0..<500 {
      evidence.add(
        0.002, of: 0, [(0, [0, 0, 0, 0, 0, 0, 0.5]), (1, [0, 0, 0, 0, 0, 0, -0.5])], weight: 1e8)
    }
    evidence.add(0.002, of: 1, [(1, [0, 0, 0, 0, 0, 0, -0.5])], weight: 1e4)
    let step = try #require(
      refiner.step(evidence, Array(repeating: CameraCorrection(), count: 4)))
    #expect((7..<14).allSatisfy { abs(step[$0]) < 1e-9 }, "\(step)")
    #expect(abs(step[6] + 0.004) < 2e-4, "\(step)")
  }

  @Test func aCameraThatSharesNothingStays() throws {
    // Alone, a camera agrees with everything.
    let part = OneCamera(BoxTake(frames: 1))
    let state = try refined(part, of: part.take, rounds: 2)
    #expect(state.corrections == Array(repeating: CameraCorrection(), count: 4))
    #expect(state.before == [nil, nil, nil, nil])
  }

  @Test func roundsAreSpreadOverTheMiddleOfTheTraining() {
    var c = configuration(3)
    c.steps = 1000
    #expect(PoseState.steps(c) == [200, 525, 850])
    (c.steps, c.refineRounds) = (2, 12)
    #expect(PoseState.steps(c) == [0, 1])
  }

  @Test func everyFrameComesInTurn() {
    let refiner = refiner(BoxTake(frames: 12))
    let three = (0..<3).flatMap { refiner.frames(round: $0) }
    #expect(three.count == 24 && (0..<12).allSatisfy { f in three.count { $0 == f } == 2 })
  }
}

/// What one camera alone saw.
private final class OneCamera: ObservationSource {
  let take: BoxTake
  init(_ take: BoxTake) { self.take = take }
  var frameCount: Int { take.frameCount }
  var times: [Double] { take.times }
  var box: BoundingBox { take.box }
  var cameras: [PlacedCamera] { take.cameras }
  func frame(_ index: Int) throws(CaptureError) -> any FrameObservations {
    CameraPart(try take.frame(index), camera: 1)
  }
}

@Suite struct CorrectedSourceTests {
  @Test func whatACameraSawMovesWithItsLens() throws {
    let take = BoxTake(frames: 1, delays: [0.01, 0, 0, 0])
    var corrections = PoseRefinerTests.errors
    corrections[0].seconds = 0.002
    let moved = CorrectedSource(take, corrections)
    #expect(moved.timing(frame: 0, camera: 0).depth == 0.012)
    let (frame, base) = (try moved.frame(0), try take.frame(0))
    #expect(frame.surface.count == base.surface.count && !frame.freeRays.isEmpty)
    for (o, b) in zip(frame.surface, base.surface) {
      let camera = Int(o.camera)
      let lens = SIMD3<Float>(moved.cameras[camera].worldFromDepth.translation)
      #expect((lens + o.direction * o.range - o.position).length < 1e-5)
      #expect(abs(o.normal.dot(o.direction) - b.normal.dot(b.direction)) < 1e-5)
      let truth = corrections[camera].motion(about: .zero).apply(SIMD3<Double>(b.position))
      #expect((SIMD3<Double>(o.position) - truth).length < 1e-6)
    }
    #expect(try moved.frame(0) === frame)
  }

  @Test func aCorrectionWithoutEffectChangesNothing() throws {
    let take = BoxTake(frames: 1)
    let same = CorrectedSource(take, Array(repeating: CameraCorrection(), count: 4))
    #expect(Array(try same.frame(0).surface) == Array(try take.frame(0).surface))
    #expect(same.cameras == take.cameras)
  }
}
