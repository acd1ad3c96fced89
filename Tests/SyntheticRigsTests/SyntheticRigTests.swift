import CaptureCore
import CaptureTestSupport
import Foundation
import Testing

@testable import SyntheticRigs

@Suite struct SyntheticRigTests {
  /// A small rig whose sensors do nothing wrong.
  static func perfect() -> SyntheticRigConfiguration {
    var knobs = SyntheticRigConfiguration.tiny
    (knobs.depthNoise, knobs.footprint, knobs.randomDropout) = (0, 0, 0)
    (knobs.grazingLimit, knobs.darkLimit, knobs.colorNoise) = (90, 0, 0)
    (knobs.depthUnit, knobs.timestampJitter) = (0.0001, 0)
    return knobs
  }

  @Test(arguments: SyntheticRigConfiguration.subjects) func cleanDepthLiesOnTheSurfaceOrTheFloor(
    subject: String
  ) throws {
    var knobs = Self.perfect()
    knobs.subject = subject
    let rig = try SyntheticRig(knobs)
    for (camera, placed) in rig.trueCameras.enumerated() {
      let image = rig.depth(camera: camera, frame: 5).measured
      let field = rig.field(at: rig.exposureTime(camera: camera, frame: 5))
      let directions = try #require(placed.description.depth).directionTable()
      var points: [SIMD3<Float>] = []
      for (direction, sample) in zip(directions, image.samples) where sample > 0 {
        let p = SIMD3<Double>(direction) * Double(sample) * knobs.depthUnit
        points.append(SIMD3<Float>(placed.worldFromDepth.apply(p)))
      }
      let distances = field.sampled(points).distances
      let onSubject = zip(points, distances).filter { $0.0.y > 0.01 }
      #expect(onSubject.count > 60)
      #expect(points.count > 700)
      #expect(onSubject.allSatisfy { abs($0.1) < 1e-3 })
      #expect(zip(points, distances).allSatisfy { abs($0.1) < 1e-3 || abs($0.0.y) < 1e-3 })
    }
  }

  @Test func colorsOfTheFieldAreThoseOfTheImages() throws {
    var knobs = Self.perfect()
    knobs.floor = false
    (knobs.colorWidth, knobs.colorHeight) = (320, 180)
    let rig = try SyntheticRig(knobs)
    for (camera, placed) in rig.trueCameras.enumerated() {
      let (color, mask) = rig.colorAndMask(camera: camera, frame: 2)
      let depth = rig.depth(camera: camera, frame: 2).truth
      let directions = try #require(placed.description.depth).directionTable()
      let points = zip(directions, depth).filter { $0.1 > 0 }.map {
        SIMD3<Float>(placed.worldFromDepth.apply(SIMD3<Double>($0 * $1)))
      }
      let field = rig.field(at: rig.exposureTime(camera: camera, frame: 2))
      let colors = field.colored(points)
      let (lens, colorFromWorld) = (placed.description.color, placed.worldFromColor.inverse)
      var differences: [Float] = []
      for (p, expected) in zip(points, colors) {
        guard let pixel = lens?.project(colorFromWorld.apply(SIMD3<Double>(p))),
          let found = color.sample(pixel)
        else { continue }
        #expect(mask.samples.count == 320 * 180)
        differences.append((found - 255 * expected).length)
      }
      // Some places are hidden from the colour lens, and patterns change within a pixel.
      #expect(differences.count > 60)
      #expect(differences.sorted()[differences.count * 2 / 5] < 12)
    }
  }

  @Test func masksMarkTheSubjectAlone() throws {
    var knobs = Self.perfect()
    let rig = try SyntheticRig(knobs)
    let mask = rig.colorAndMask(camera: 0, frame: 0).mask
    let share = Double(mask.samples.filter { $0 == 255 }.count) / Double(mask.samples.count)
    #expect(share > 0.02 && share < 0.4)
    #expect(Set(mask.samples) == [0, 255])
    knobs.floor = false
    #expect(try SyntheticRig(knobs).colorAndMask(camera: 0, frame: 0).mask == mask)
  }

  @Test func imagesDoNotDependOnWhatWasRenderedBefore() throws {
    let rig = try SyntheticRig(.tiny)
    let forward = (0..<3).map { rig.depth(camera: 1, frame: $0).measured }
    let again = try SyntheticRig(.tiny)
    let backward = (0..<3).reversed().map { again.depth(camera: 1, frame: $0).measured }
    #expect(forward == backward.reversed())
    #expect(forward[0] != forward[1])
    #expect(rig.color(camera: 2, frame: 1) == again.color(camera: 2, frame: 1))
    #expect(rig.depth(camera: 0, frame: 0).measured != forward[0])
  }

  @Test func anotherSeedGivesAnotherSubjectAndOtherNoise() throws {
    var knobs = SyntheticRigConfiguration.tiny
    let first = try SyntheticRig(knobs)
    knobs.seed = 2
    let second = try SyntheticRig(knobs)
    #expect(first.look.palette != second.look.palette)
    #expect(first.color(camera: 0, frame: 0) != second.color(camera: 0, frame: 0))
  }

  @Test func aWallStandsWhereTheKnobSays() throws {
    var knobs = Self.perfect()
    knobs.wallDistance = 3
    knobs.depthFar = 6
    let rig = try SyntheticRig(knobs)
    let placed = rig.trueCameras[0]
    let lens = try #require(placed.description.depth)
    let direction = try #require(lens.unproject(SIMD2(2, 2)))
    let z = rig.depth(camera: 0, frame: 0).truth[2 * lens.width + 2]
    let p = placed.worldFromDepth.apply(direction * Double(z))
    #expect(abs(p.z + 3) < 1e-4)
    knobs.wallDistance = 0
    #expect(try SyntheticRig(knobs).depth(camera: 0, frame: 0).truth[2 * lens.width + 2] == 0)
  }

  @Test func speedZeroStopsTheSubject() throws {
    var knobs = Self.perfect()
    knobs.speed = 0
    let rig = try SyntheticRig(knobs)
    #expect(
      rig.depth(camera: 0, frame: 0).measured == rig.depth(camera: 0, frame: 7).measured)
  }
}
