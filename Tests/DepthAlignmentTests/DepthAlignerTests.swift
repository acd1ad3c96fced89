import CaptureCore
import Foundation
import Testing

@testable import DepthAlignment

@Suite struct DepthAlignerTests {
  /// Two moments of wired cameras.
  private static func still(_ cameras: Int) -> [[Double]] {
    [[Double]](repeating: [0, 1], count: cameras)
  }

  @Test(arguments: [1, 2]) func aStartThreeDegreesAndFiveCentimetresOffIsPutRight(
    seed: UInt64
  ) throws {
    let truth = BoxScene.ring(3, spread: 2.4)
    let said = BoxScene.disturbed(truth, degrees: 3, metres: 0.05, seed: seed)
    var brief = BoxScene.brief
    brief.moments = 1
    let result = try BoxScene.balls.aligner(
      truth, said: said, times: Self.still(3), configuration: brief
    ).refined()
    #expect(result.unknown.isEmpty && result.hasConverged)
    for (camera, place) in zip(result.cameras, truth) {
      let error = place.inverse * camera.worldFromColor
      #expect(error.turn.length * 180 / .pi < 0.05)
      #expect((camera.worldFromColor.translation - place.translation).length < 0.002)
    }
  }

  @Test func aCameraThatWouldGoFarIsLeftWhereItIsAndNamed() throws {
    let truth = BoxScene.ring(3, spread: 2.4)
    var said = BoxScene.disturbed(truth, degrees: 0.3, metres: 0.005, seed: 1)
    said[2] = BoxScene.disturbed(truth, degrees: 3, metres: 0.05, seed: 1)[2]
    var brief = BoxScene.brief
    (brief.moments, brief.farthestShift) = (1, 0.02)
    let result = try BoxScene.balls.aligner(
      truth, said: said, times: Self.still(3), configuration: brief
    ).refined()
    #expect(result.strayed == [2])
    let moved = said[2].inverse * result.cameras[2].worldFromColor
    #expect(moved.turn.length < 1e-12 && moved.translation.length < 1e-12)
    #expect(result.unknown.count == 6 && result.unknown.allSatisfy { $0.camera == 2 })
    // The other one is not drawn along.
    let error = truth[1].inverse * result.cameras[1].worldFromColor
    #expect(error.turn.length * 180 / .pi < 0.05 && error.translation.length < 0.002)
  }

  @Test func clocksThatAreOffAreFoundWithThePlaces() throws {
    var scene = BoxScene.balls
    scene.balls[0].velocity = SIMD3(0.6, 0, -0.5)
    scene.balls[1].velocity = SIMD3(-0.5, 0, 0.6)
    let truth = BoxScene.ring(2, spread: 1.4)
    let said = BoxScene.disturbed(truth, degrees: 1, metres: 0.01, seed: 2)
    let times = [0, 0.011].map { phase in (-4...4).map { Double($0) / 30 + phase } }
    let result = try scene.aligner(truth, said: said, times: times, recorded: [0, 0.012]).refined()
    #expect(result.unknown.isEmpty)
    #expect(result.cameras[0].clockShift == 0 && result.cameras[0].clockDeviation == nil)
    #expect(abs(result.cameras[1].clockShift + 0.012) < 0.001)
    #expect((result.cameras[1].clockDeviation ?? 1) < 0.001)
    let error = truth[1].inverse * result.cameras[1].worldFromColor
    #expect(error.turn.length * 180 / .pi < 0.05 && error.translation.length < 0.002)
  }

  @Test func aBareFloorLeavesSlidingAndTurningUnknown() throws {
    let truth = BoxScene.ring(2, spread: 1.2)
    let said = BoxScene.disturbed(truth, degrees: 1, metres: 0.02, seed: 4)
    let result = try BoxScene.floorAlone.aligner(truth, said: said, times: Self.still(2)).refined()
    #expect(result.unknown.count == 3)
    let names: [String] = result.unknown.map { motion in
      let upright = abs(motion.axis.y)
      let axis: String = upright > 0.98 ? "y" : (upright < 0.1 ? "level" : "?")
      return motion.kind.rawValue + " " + axis
    }
    let wanted: [String] = ["shift level", "shift level", "turn y"]
    #expect(names.sorted(by: <) == wanted)
    #expect(result.unknown.allSatisfy { $0.camera == 1 })
    // Height and tilt are found all the same; what is unknown was left alone.
    let (now, then) = (result.cameras[1].worldFromColor, said[1])
    let tilt = (now * truth[1].inverse).rotate(SIMD3(0, 1, 0))
    #expect(tilt.y > cos(0.1 * .pi / 180))
    let moved = now.translation - then.translation
    #expect((moved.x * moved.x + moved.z * moved.z).squareRoot() < 0.004)
  }

  @Test func camerasWithoutCommonViewAreUnknown() throws {
    // The second looks the other way.
    let truth = [
      BoxScene.ring(1)[0], RigidTransform.looking(from: SIMD3(0, 1.2, 9), at: SIMD3(0, 0.3, 12)),
    ]
    let result = try BoxScene.room.aligner(truth, said: truth, times: Self.still(2)).refined()
    #expect(result.unknown.count == 6)
    let moved = truth[1].inverse * result.cameras[1].worldFromColor
    #expect(moved.turn.length < 1e-12 && moved.translation.length < 1e-12)
    #expect(result.cameras[1].overlap == 0)
  }

  @Test func oneCameraCannotBeAligned() throws {
    let truth = BoxScene.ring(1)
    let aligner = try BoxScene.room.aligner(truth, said: truth, times: [[0]])
    let error = #expect(throws: CaptureError.self) { try aligner.refined() }
    #expect(
      error?.description
        == "Fewer than two cameras have depth that can be read. Depth of two cameras is the least that can be aligned."
    )
  }

  @Test func resultsDoNotDependOnThreads() throws {
    let truth = BoxScene.ring(3)
    let said = BoxScene.disturbed(truth, degrees: 0.5, metres: 0.01, seed: 3)
    var quick = AlignmentConfiguration.quick
    quick.moments = 1
    let results = try [1, 4].map { threads in
      let cameras = truth.indices.map {
        AlignmentCamera(
          description: BoxScene.description("cam\($0)"), worldFromColor: said[$0], times: [0],
          indices: [0])
      }
      return try DepthAligner(
        cameras, reference: 0, configuration: quick, threads: threads
      ) { camera, _ in BoxScene.room.image(truth[camera], seed: UInt64(camera + 1)) }.refined()
    }
    #expect(results[0].cameras.map(\.worldFromColor) == results[1].cameras.map(\.worldFromColor))
    #expect(results[0].cameras.map(\.covariance) == results[1].cameras.map(\.covariance))
  }
}
