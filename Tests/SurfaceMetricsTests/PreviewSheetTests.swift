import CaptureCore
import Foundation
import Pictures
import Testing

@Suite struct PreviewSheetTests {
  func cell(_ title: String, _ width: Int, _ height: Int, _ grey: UInt8) throws -> PreviewSheet.Cell
  {
    PreviewSheet.Cell(
      title: title,
      image: try PictureCanvas(width: width, height: height, color: SIMD3(repeating: grey)).image)
  }

  @Test func everyPictureHasItsPlace() throws {
    let sheet = try PreviewSheet.compose(
      [
        [try cell("input", 40, 20, 100), try cell("shaded", 20, 10, 110)],
        [try cell("tall", 10, 50, 120)],
      ], cellWidth: 40, heading: "take")
    // Gaps of 8, lines of 14 + 8.
    #expect(sheet.width == 8 + 2 * 48)
    #expect(sheet.height == 8 + 30 + (30 + 20) + (30 + 80))
    func count(_ grey: UInt8) -> Int {
      stride(from: 0, to: sheet.pixels.count, by: 3).filter {
        sheet.pixels[$0] == grey && sheet.pixels[$0 + 2] == grey
      }.count
    }
    #expect(count(100) == 40 * 20)
    #expect(count(110) == 40 * 20)
    #expect(count(120) == 16 * 80)
  }

  @Test func aSheetWithoutPicturesIsRefused() {
    for rows in [[], [[]]] as [[[PreviewSheet.Cell]]] {
      let error = #expect(throws: CaptureError.self) { try PreviewSheet.compose(rows) }
      #expect(error?.what == "A sheet needs at least one picture.")
    }
  }
}

@Suite struct DepthColorsTests {
  @Test func lightnessFallsEvenlyWithDepth() {
    // CIE lightness from sRGB.
    func lightness(_ c: SIMD3<UInt8>) -> Double {
      func linear(_ v: UInt8) -> Double {
        let x = Double(v) / 255
        return x <= 0.04045 ? x / 12.92 : pow((x + 0.055) / 1.055, 2.4)
      }
      let y = 0.2126 * linear(c.x) + 0.7152 * linear(c.y) + 0.0722 * linear(c.z)
      return 116 * pow(y, 1.0 / 3) - 16
    }
    let values = (0...10).map { lightness(DepthColors.color(at: Float($0) / 10)) }
    for (near, far) in zip(values, values.dropFirst()) {
      #expect((3.0...12).contains(near - far))
    }
    #expect(DepthColors.color(at: 7) == DepthColors.color(at: 1))
    #expect(DepthColors.color(at: -1) == DepthColors.color(at: 0))
    #expect(DepthColors.color(at: .nan) == DepthColors.none)
  }

  @Test func pixelsWithoutAMeasurementAreDarkGrey() throws {
    let depth = try DepthImage(width: 3, height: 1, samples: [0, 1000, 2000], unit: 0.001)
    let picture = try DepthColors.picture(of: depth, range: 1...2)
    let expected = [DepthColors.none, DepthColors.color(at: 0), DepthColors.color(at: 1)]
    #expect(picture.pixels == expected.flatMap { [$0.x, $0.y, $0.z] })
    #expect(try DepthColors.picture(of: depth) == picture)
    let empty = try DepthImage(width: 1, height: 1, samples: [0], unit: 0.001)
    #expect(try DepthColors.picture(of: empty).pixels == [40, 40, 40])
  }
}
