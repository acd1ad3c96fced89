import CaptureCore
import CaptureTestSupport
import Testing

@testable import FieldTraining

@Suite struct TakeMotionTests {
  /// A take of one instant, so many times.
  private struct StillTake: ObservationSource {
    let take: SphereTake
    let frameCount: Int
    var times: [Double] { (0..<frameCount).map { Double($0) / 30 } }
    var box: BoundingBox { take.box }
    var cameras: [PlacedCamera] { take.cameras }
    func frame(_ index: Int) throws(CaptureError) -> any FrameObservations { try take.frame(0) }
  }

  @Test(arguments: [(2, 10), (24, 12), (100, 40)])
  func aMovingSubjectHasARankForTwoFrames(_ frames: Int, _ rank: Int) throws {
    let motion = TakeMotion(SphereTake(frames: frames))
    #expect(try motion.share > 0.1)
    #expect(try motion.rank == rank)
  }

  @Test func whatHardlyMovesHasTheLeast() throws {
    let motion = TakeMotion(StillTake(take: SphereTake(frames: 1), frameCount: 50))
    #expect(try motion.share == 0)
    #expect(try motion.rank == 10)
    #expect(try motion.pace == 0)
    #expect(try motion.steps == TakeMotion.calmSteps)
  }

  @Test func whatMovesFastIsTrainedLonger() throws {
    // Leaps to the side at every frame, and back.
    struct LeapingTake: ObservationSource {
      let take = SphereTake(frames: 8)
      let frameCount = 20
      var times: [Double] { (0..<frameCount).map { Double($0) / 30 } }
      var box: BoundingBox { take.box }
      var cameras: [PlacedCamera] { take.cameras }
      func frame(_ index: Int) throws(CaptureError) -> any FrameObservations {
        try take.frame(7 * (index % 2))
      }
    }
    let motion = TakeMotion(LeapingTake())
    #expect(try motion.pace > 0.2)
    #expect(try motion.steps > TakeMotion.calmSteps)
    #expect(try motion.steps <= 2 * TakeMotion.calmSteps)
  }

  @Test func aSingleInstantHasNone() throws {
    #expect(try TakeMotion(SphereTake(frames: 1)).rank == 0)
  }
}
