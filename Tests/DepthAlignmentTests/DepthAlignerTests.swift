import CaptureCore
import Foundation
import Testing

@testable import DepthAlignment

@Suite struct DepthAlignerTests {
  /// Two moments of wired cameras.
  private static func still(_ cameras: Int) -> [[Double]] {
    [[Double]](repeating: [0, 1], count: cameras)
  }

  private func errors(
    _ result: AlignmentResult, _ truth: [RigidTransform]
  ) -> [(degrees: Double, metres: Double)] {
    zip(result.cameras, truth).map { camera, place in
      let difference = place.inverse * camera.worldFromColor
      return (
        difference.turn.length * 180 / .pi,
        (camera.worldFromColor.translation - place.translation).length
      )
    }
  }

  @Test("Three degrees and five centimetres come right", arguments: [1] as [UInt64])
  func converges(seed: UInt64) throws {
    let truth = BoxScene.ring(3, spread: 2.4)
    let aligner = try BoxScene.room.aligner(
      truth, said: BoxScene.disturbed(truth, degrees: 3, metres: 0.05, seed: seed),
      times: Self.still(3))
    let result = try aligner.refined()
    #expect(result.unknown.isEmpty)
    for (camera, error) in zip(result.cameras, errors(result, truth)).dropFirst() {
      #expect(error.degrees < 0.2 && error.metres < 0.008, "\(camera.id) \(error)")
      #expect(camera.turnDeviation < 0.2 && camera.shiftDeviation < 0.008)
      #expect(camera.overlap > 0.2)
    }
    // The reference stays, and the others end where they agree to the noise.
    #expect(result.cameras[0].worldFromColor == truth[0])
    for pair in result.pairs {
      let (before, after) = (try #require(pair.before), try #require(pair.after))
      #expect(after < 0.004 && after < before)
    }
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

  @Test func aMovingBoxTellsTheClock() throws {
    var scene = BoxScene.room
    scene.boxes[1].velocity = SIMD3(0.6, 0, 0.3)
    let truth = BoxScene.ring(3, spread: 2.4)
    let times: [[Double]] = (0..<3).map { camera in
      let start = 0.011 * Double(camera) - 0.25
      return (0..<8).map { start + Double($0) / 15 }
    }
    let aligner = try scene.aligner(
      truth, said: BoxScene.disturbed(truth, degrees: 1, metres: 0.01, seed: 7), times: times,
      recorded: [0, 0.012, -0.009])
    let result = try aligner.refined()
    let shifts: [Double] = [0, -0.012, 0.009]
    for (camera, shift) in zip(result.cameras, shifts) {
      let error: Double = abs(camera.clockShift - shift)
      #expect(error < 0.005, "\(camera.id)")
    }
    for error in errors(result, truth) { #expect(error.degrees < 0.3 && error.metres < 0.01) }
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
