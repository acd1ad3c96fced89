import CaptureCore
import Foundation
import Testing

@testable import SyntheticRigs

@Suite struct DepthSensorTests {
  /// Measured minus true depth over a bare floor, with the true depth and incidence.
  private func floor(_ change: (inout SyntheticRigConfiguration) -> Void) throws -> [(
    error: Double, z: Double, incidence: Double, valid: Bool
  )] {
    var knobs = SyntheticRigConfiguration.tiny
    (knobs.randomDropout, knobs.darkLimit, knobs.depthUnit) = (0, 0, 0.0001)
    change(&knobs)
    let rig = try SyntheticRig(knobs)
    var rows: [(error: Double, z: Double, incidence: Double, valid: Bool)] = []
    for (camera, placed) in rig.trueCameras.enumerated() {
      let rendering = rig.depth(camera: camera, frame: 0)
      let directions = try #require(placed.description.depth).directionTable()
      for (i, direction) in directions.enumerated() where rendering.truth[i] > 0 {
        let ray = placed.worldFromDepth.rotate(SIMD3<Double>(direction))
        let z = Double(rendering.truth[i])
        let height = placed.worldFromDepth.translation.y + z * ray.y
        guard abs(height) < 1e-4, z < 5 else { continue }
        let sample = rendering.measured.samples[i]
        rows.append(
          (
            Double(sample) * knobs.depthUnit - z, z, -ray.y / ray.length, sample > 0
          ))
      }
    }
    return rows
  }

  @Test func noiseGrowsWithRangeAndIncidenceAsTheModelSays() throws {
    let sensor = DepthSensor(SyntheticRigConfiguration())
    #expect(abs(sensor.sigma(depth: 1.9, incidence: 0.95) - 0.00265) < 1e-4)
    #expect(sensor.sigma(depth: 3, incidence: 0.9) > 1.8 * sensor.sigma(depth: 2, incidence: 0.9))
    #expect(sensor.sigma(depth: 2, incidence: 0.3) > 2 * sensor.sigma(depth: 2, incidence: 0.9))
    let rows = try floor { $0.footprint = 0 }.filter(\.valid)
    func deviation(_ range: Range<Double>) -> (found: Double, model: Double) {
      let part = rows.filter { range.contains($0.z) }
      let scaled = part.map {
        $0.error / Double(sensor.sigma(depth: Float($0.z), incidence: Float($0.incidence)))
      }
      let mean = scaled.reduce(0, +) / Double(scaled.count)
      #expect(part.count > 300 && abs(mean) < 0.15)
      return (
        (scaled.map { $0 * $0 }.reduce(0, +) / Double(scaled.count)).squareRoot(),
        part.map { abs($0.error) }.reduce(0, +) / Double(part.count)
      )
    }
    let (near, far) = (deviation(1.2..<1.9), deviation(2.5..<4.5))
    #expect(abs(near.found - 1) < 0.12)
    #expect(abs(far.found - 1) < 0.12)
    #expect(far.model > 3 * near.model)
  }

  @Test func noiseScalesWithItsKnob() throws {
    let (plain, strong) = (
      try floor { _ in }.filter(\.valid), try floor { $0.depthNoise = 3 }.filter(\.valid)
    )
    func size(_ rows: [(error: Double, z: Double, incidence: Double, valid: Bool)]) -> Double {
      let near = rows.filter { $0.z < 2.5 }.map { abs($0.error) }.sorted()
      return near[near.count / 2]
    }
    #expect(abs(size(strong) / size(plain) - 3) < 0.3)
    let exact = try floor { ($0.depthNoise, $0.footprint) = (0, 0) }.filter(\.valid)
    #expect(exact.allSatisfy { abs($0.error) <= 0.00006 })
  }

  @Test func pixelsAreLostAtRandomAtGrazingIncidenceAndInTheDark() throws {
    func lost(_ change: (inout SyntheticRigConfiguration) -> Void) throws -> Double {
      let rows = try floor {
        $0.footprint = 0
        change(&$0)
      }
      return Double(rows.filter { !$0.valid }.count) / Double(rows.count)
    }
    #expect(try lost { _ in } == 0)
    #expect(abs(try lost { $0.randomDropout = 0.1 } - 0.1) < 0.02)
    let grazing = try floor { ($0.grazingLimit, $0.footprint) = (60, 0) }
    #expect(
      grazing.allSatisfy { $0.valid == ($0.incidence > 0.5) || abs($0.incidence - 0.5) < 1e-3 })
    let dark = try floor { ($0.darkLimit, $0.footprint) = (0.05, 0) }
    let (near, far) = (dark.filter { $0.z < 1.7 }, dark.filter { $0.z > 3 })
    #expect(near.allSatisfy(\.valid) && far.allSatisfy { !$0.valid })
  }

  @Test func depthStaysInTheWorkingRangeInWholeUnits() throws {
    var knobs = SyntheticRigConfiguration.tiny
    (knobs.depthNear, knobs.depthFar, knobs.depthUnit) = (1.5, 2.5, 0.01)
    let samples = try SyntheticRig(knobs).depth(camera: 0, frame: 0).measured.samples
    #expect(samples.allSatisfy { $0 == 0 || (150...250).contains($0) })
    #expect(samples.contains { $0 > 0 })
  }

  @Test func mixedPixelsLieBetweenTheSurfacesTheyMix() throws {
    func mixed(_ share: Double) throws -> (between: Int, lost: Int) {
      var knobs = SyntheticRigTests.perfect()
      (knobs.flyingPixels, knobs.footprint, knobs.wallDistance) = (share, 1.5, 3)
      (knobs.depthFar, knobs.cameras) = (6, 2)
      let rig = try SyntheticRig(knobs)
      var count = (between: 0, lost: 0)
      for camera in 0..<2 {
        let rendering = rig.depth(camera: camera, frame: 3)
        for (sample, truth) in zip(rendering.measured.samples, rendering.truth) where truth > 0 {
          let z = Float(sample) * Float(knobs.depthUnit)
          if sample == 0 { count.lost += 1 } else if abs(z - truth) > 0.03 { count.between += 1 }
        }
      }
      return count
    }
    let (none, all) = (try mixed(0), try mixed(1))
    #expect(none.between == 0 && none.lost > 30)
    #expect(all.between > 30 && all.lost < none.lost / 2)
  }
}
