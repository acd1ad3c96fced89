import CaptureCore
import SurfaceMetrics
import Testing

@Suite struct SequenceFiguresTests {
  let truth = TestSurfaces.sphere(radius: 0.5, level: 3)

  /// A sphere that breathes: its radius is 2 mm more and less than the truth, in turn.
  func comparison(_ number: Int) throws -> SurfaceComparison? {
    let radius: Float = 0.5 + (number % 2 == 0 ? 0.002 : -0.002)
    return try SurfaceComparison(
      of: TestSurfaces.sphere(radius: radius, level: 3), to: truth,
      at: TestSurfaces.places(onSphere: truth), samples: 500)
  }

  @Test func aBreathingSphereFlickersByItsBreath() throws {
    var summary = SequenceSummary(samePlaces: true)
    for number in 3..<7 { summary.add(try comparison(number), number: number) }
    let jitter = try #require(summary.figures.jitter)
    #expect(abs(jitter - 4) < 0.1)
    #expect(summary.figures.frames == 4)
    #expect(summary.figures.watertight == 1)
  }

  @Test func jitterNeedsFramesThatFollowEachOther() throws {
    var gaps = SequenceSummary(samePlaces: true)
    gaps.add(try comparison(1), number: 1)
    gaps.add(nil, number: 2)
    gaps.add(try comparison(3), number: 3)
    gaps.add(try comparison(6), number: 6)
    #expect(gaps.figures.jitter == nil)
    #expect(gaps.figures.frames == 3)
    #expect(gaps.figures.missing == 1)
    var elsewhere = SequenceSummary(samePlaces: false)
    for number in 0..<2 { elsewhere.add(try comparison(number), number: number) }
    #expect(elsewhere.figures.jitter == nil)
  }

  @Test func figuresAreMeansOfTheFramesThatHaveThem() throws {
    var even = try #require(try comparison(0))
    var odd = even
    odd.accuracy = .nan
    (even.floaters, odd.floaters) = (0, 3)
    odd.completeness = even.completeness + 2
    var summary = SequenceSummary(samePlaces: true)
    summary.add(even, number: 0)
    summary.add(odd, number: 1)
    #expect(summary.figures.accuracy == even.accuracy)
    #expect(summary.figures.floaters == 1.5)
    #expect(summary.figures.thin == nil)
    #expect(summary.figures.watertight == 1)
    let completeness = try #require(summary.figures.completeness)
    #expect(abs(completeness - even.completeness - 1) < 1e-9)
    #expect(summary.figures.named.map(\.name).count == 14)
  }
}
