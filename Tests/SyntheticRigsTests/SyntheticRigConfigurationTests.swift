import CaptureCore
import Foundation
import Testing

@testable import SyntheticRigs

@Suite struct SyntheticRigConfigurationTests {
  private func error(
    _ change: (inout SyntheticRigConfiguration) -> Void
  ) -> String? {
    var knobs = SyntheticRigConfiguration()
    change(&knobs)
    do {
      _ = try SyntheticRig(knobs)
      return nil
    } catch {
      return error.code == .usage || error.code == .limitExceeded
        ? error.description : "another code"
    }
  }

  @Test func everyKeyIsDocumentedInOrder() throws {
    let data = try JSONEncoder().encode(SyntheticRigConfiguration())
    let keys = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any]).keys
    #expect(Set(keys) == Set(SyntheticRigConfiguration.documentation.map(\.key)))
    #expect(SyntheticRigConfiguration.documentation.count == keys.count)
    let mirror = Mirror(reflecting: SyntheticRigConfiguration()).children.compactMap(\.label)
    #expect(mirror == SyntheticRigConfiguration.documentation.map(\.key))
  }

  @Test func configurationsSurviveTheirFile() throws {
    var knobs = SyntheticRigConfiguration.tiny
    (knobs.clockOffset, knobs.masks, knobs.subject) = (0.05, true, "porter")
    let data = try JSONEncoder().encode(knobs)
    #expect(try JSONDecoder().decode(SyntheticRigConfiguration.self, from: data) == knobs)
  }

  @Test func defaultsAndTheTinyRigAreValid() throws {
    try SyntheticRigConfiguration().validate()
    try SyntheticRigConfiguration.tiny.validate()
    #expect(SyntheticRigConfiguration.subjects == ["walker", "dancer", "porter"])
  }

  @Test func knobsOutOfRangeAreNamed() {
    #expect(
      error { $0.cameras = 0 } == "cameras: 0 is out of range. Choose a value from 1 to 64.")
    #expect(
      error { $0.droppedShare = 1 }
        == "droppedShare: 1.0 is out of range. Choose a value from 0.0 to 0.95.")
    #expect(
      error { $0.depthNoise = .nan }
        == "depthNoise: nan is out of range. Choose a value from 0.0 to 100.0.")
    #expect(
      error { $0.depthWidth = 1_000_000 }
        == "depthWidth: 1000000 is out of range. Choose a value from 16 to 4096.")
  }

  @Test func knobsThatDoNotGoTogetherAreNamed() {
    #expect(
      error { $0.subject = "ghost" }
        == "subject: There is no subject `ghost`. Choose one of walker, dancer, porter.")
    #expect(
      error { $0.name = "a/b" }
        == "name: `a/b` is no name. A name has at least one character and no slash.")
    #expect(
      error { ($0.depthNear, $0.depthFar) = (3, 2) }
        == "depthNear: 3.0 m is not less than `depthFar`, 2.0 m. Choose a smaller one.")
    #expect(
      error { ($0.depthUnit, $0.depthFar) = (0.00005, 5) }
        == "depthFar: 5.0 m is more than 65535 steps of 5e-05 m. Choose a coarser `depthUnit` or a smaller `depthFar`."
    )
    #expect(
      error { ($0.truthPlaces, $0.frames) = (6000, 2400) }
        == "truthPlaces: 6000 places in 2400 frames are more than 12000000, 300 MB. Choose fewer places."
    )
    #expect(
      error { $0.distanceSpread = 1.5 }
        == "distanceSpread: 1.5 m brings a camera nearer than 0.7 m to the axis. Choose a larger `distance` or a smaller spread."
    )
  }
}
