import BoardFixtures
import CaptureCore
import Foundation
import ImageFiles
import Testing

@testable import CalibrationTargets

/// The repository's folder.
let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent()

@Suite struct TargetDetectorTests {
  static func shipped(_ name: String) throws -> CalibrationTarget {
    try CalibrationTarget(file: root.appendingPathComponent("calibration/targets/\(name).json"))
  }

  /// Distance of every found point from where it is, and how many there are.
  private func errors(_ picture: BoardPicture, _ image: GreyImage? = nil) throws -> [Double] {
    let found = try TargetDetector(picture.target).detect(in: try image ?? picture.image())
    let points = picture.target.points
    return found.corners.map { corner in
      let d = corner.pixel - picture.pixel(points[corner.point])
      return (d * d).sum().squareRoot()
    }
  }

  @Test(
    "All points of a drawn board are found to a tenth of a pixel",
    arguments: ["charuco-a3", "charuco-a1", "aprilgrid-6x6", "chessboard-9x6"])
  func drawn(name: String) throws {
    var picture = BoardPicture(try Self.shipped(name))
    if name == "aprilgrid-6x6" { (picture.width, picture.height, picture.focal) = (640, 480, 600) }
    let errors = try errors(picture)
    #expect(errors.count == picture.target.points.count)
    #expect((errors.max() ?? 9) < 0.35)
    let mean = errors.reduce(0, +) / Double(max(1, errors.count))
    #expect(mean < 0.12, "\(mean)")
  }

  @Test(
    "A chessboard upside down keeps its corner, on the side as well",
    arguments: [1.5, 3.1])
  func turned(angle: Double) throws {
    var picture = BoardPicture(try Self.shipped("chessboard-9x6"), fill: 0.55)
    picture.turn = SIMD3(0.15, -0.1, angle)
    let errors = try errors(picture)
    #expect(errors.count == 54)
    #expect((errors.max() ?? 9) < 0.35)
  }

  @Test("Part of a board is enough, but not a corner of it")
  func part() throws {
    let picture = BoardPicture(try Self.shipped("charuco-a3"))
    var image = try picture.image()
    for y in 0..<image.height {
      for x in image.width / 2..<image.width { image.samples[y * image.width + x] = 128 }
    }
    let some = try errors(picture, image)
    #expect((10..<30).contains(some.count))
    #expect((some.max() ?? 9) < 0.3)
  }

  @Test("Real pictures show all corners of their board", arguments: [0, 4])
  func real(camera: Int) throws {
    let target = try Self.shipped("kinect5-charuco")
    let file = root.appendingPathComponent("samples/kinect5/cam\(camera)/color/000000.jpg")
    let detector = try TargetDetector(target)
    let found = try detector.detect(in: GreyImage(ImageFile.color(at: file)))
    #expect(found.corners.count == 60)
    #expect(Set(found.markers.map(\.id)).isSuperset(of: 0..<38))
  }

  @Test("An infrared picture of sixteen bits is stretched")
  func infrared() throws {
    let picture = BoardPicture(try Self.shipped("charuco-a3"))
    let samples = try picture.image().samples.map { UInt16($0) * 3 + 90 }
    let image = try GreyImage(width: 320, height: 240, infrared: samples)
    #expect(try errors(picture, image).count == picture.target.points.count)
  }

  private func problem(_ target: CalibrationTarget, _ image: GreyImage) throws -> TargetProblem {
    let detector = try TargetDetector(target)
    let found = try detector.detect(in: image)
    #expect(found.corners.isEmpty)
    return try detector.explain(found, in: image)
  }

  @Test("Tiles of a floor are no markers", arguments: 0..<4)
  func tiles(camera: Int) throws {
    let file = root.appendingPathComponent("samples/knight/cam\(camera)/color/000000.jpg")
    let image = GreyImage(try ImageFile.color(at: file))
    for name in ["charuco-a1", "charuco-a3", "aprilgrid-6x6"] {
      #expect(try problem(Self.shipped(name), image) == .absent, "\(name)")
    }
  }

  @Test("Markers that nobody knows are not taken for those of a smaller dictionary")
  func unknownMarkers() throws {
    let target = try Self.shipped("aprilgrid-6x6")
    guard
      case .tagGrid(let columns, let rows, let tag, let gap, let squares, _, let first) =
        target.pattern
    else {
      Issue.record("The board is no grid of tags.")
      return
    }
    var random = SeededGenerator(seed: 4)
    let codes = (0..<first + columns * rows).map { _ in random.next() >> 28 }
    var other = target
    other.pattern = .tagGrid(
      columns: columns, rows: rows, tag: tag, gap: gap, hasCornerSquares: squares,
      dictionary: TargetDictionary(name: "other", cells: 6, codes: codes, corrected: 0),
      firstID: first)
    var picture = BoardPicture(other)
    (picture.width, picture.height, picture.focal) = (640, 480, 600)
    #expect(try problem(target, picture.image()) == .absent)
  }

  @Test("Why nothing is seen is said")
  func reasons() throws {
    let target = try Self.shipped("charuco-a3")
    let image = try BoardPicture(target).image()
    #expect(try problem(target, image.mirrored) == .mirrored)
    var other = target
    other.pattern = .charuco(
      columns: 9, rows: 6, square: 0.04, marker: 0.03, startsWhite: false,
      dictionary: try #require(TargetDictionary.named("aruco-6x6-250")), firstID: 0)
    #expect(try problem(other, image) == .otherDictionary(name: "aruco-5x5-250", markers: 27))
    other.pattern = .charuco(
      columns: 9, rows: 6, square: 0.04, marker: 0.03, startsWhite: false,
      dictionary: try #require(TargetDictionary.named("aruco-5x5-100")), firstID: 40)
    #expect(try problem(other, image) == .otherNumbers(lowest: 0, highest: 26, own: 40...66))
    other.pattern = .charuco(
      columns: 6, rows: 9, square: 0.04, marker: 0.03, startsWhite: false,
      dictionary: try #require(TargetDictionary.named("aruco-5x5-100")), firstID: 0)
    #expect(try problem(other, image) == .otherLayout(markers: 27))
    let grey = try GreyImage(
      width: 200, height: 100, samples: [UInt8](repeating: 90, count: 20_000))
    #expect(try problem(target, grey) == .absent)
  }
}
