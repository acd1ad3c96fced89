import CaptureCore
import Pictures
import Testing

@Suite struct PictureCanvasTests {
  let black = SIMD3<UInt8>(0, 0, 0)
  let white = SIMD3<UInt8>(255, 255, 255)

  /// The first channel, a line a row: `#` where it is not 0.
  func shape(_ image: ColorImage) -> [String] {
    (0..<image.height).map { y in
      String((0..<image.width).map { image.pixels[3 * (y * image.width + $0)] == 0 ? "." : "#" })
    }
  }

  func canvas(_ width: Int, _ height: Int) throws -> PictureCanvas {
    try PictureCanvas(width: width, height: height, color: black)
  }

  @Test func whatLiesOutsideIsCutOff() throws {
    var picture = try canvas(4, 3)
    picture.fill(2..<9, -5..<2, white)
    #expect(shape(picture.image) == ["..##", "..##", "...."])
    picture.set(-1, 0, white)
    picture.set(0, 3, white)
    picture.fill(7..<9, 0..<3, white)
    #expect(shape(picture.image) == ["..##", "..##", "...."])
  }

  @Test func linesReachBothEnds() throws {
    var picture = try canvas(5, 3)
    picture.line(from: SIMD2(0, 0), to: SIMD2(4, 2), white)
    #expect(shape(picture.image) == ["#....", ".##..", "...##"])
    picture = try canvas(5, 3)
    picture.line(from: SIMD2(-1e9, 1), to: SIMD2(1e9, 1), white)
    picture.line(from: SIMD2(2, .nan), to: SIMD2(2, 2), white)
    #expect(shape(picture.image) == [".....", "#####", "....."])
  }

  @Test func outlinesAreOnePixelWide() throws {
    var picture = try canvas(5, 4)
    picture.outline(1..<4, 0..<4, white)
    #expect(shape(picture.image) == [".###.", ".#.#.", ".#.#.", ".###."])
  }

  @Test func textIsLegible() throws {
    var picture = try canvas(11, 7)
    picture.text("t1", x: 0, y: 0, color: white)
    #expect(
      shape(picture.image) == [
        "#####...#..", "..#....##..", "..#.....#..", "..#.....#..", "..#.....#..", "..#.....#..",
        "..#....###.",
      ])
    #expect(PictureCanvas.textWidth("t1") == 11)
    #expect(PictureCanvas.textHeight(scale: 2) == 14)
  }

  @Test func picturesAreCopiedWhereTheyFit() throws {
    var picture = try canvas(3, 3)
    let square = try PictureCanvas(width: 2, height: 2, color: white).image
    picture.draw(square, x: -1, y: -1)
    picture.draw(square, x: 2, y: 1)
    picture.draw(square, x: 3, y: 0)
    picture.draw(square, x: -7, y: 0)
    #expect(shape(picture.image) == ["#..", "..#", "..#"])
  }

  @Test func shrinkingAverages() throws {
    let stripes = try ColorImage(
      width: 8, height: 1,
      pixels: (0..<8).flatMap { i in [UInt8](repeating: i % 2 == 0 ? 0 : 200, count: 3) }
    )
    let small = try stripes.resized(width: 2, height: 1)
    #expect(small.pixels.allSatisfy { abs(Int($0) - 100) < 15 })
    let one = try stripes.resized(width: 1, height: 1)
    #expect(one.pixels == [100, 100, 100])
  }

  @Test func enlargingIsLinearBetweenCentres() throws {
    let two = try ColorImage(width: 2, height: 1, pixels: [0, 0, 0, 200, 200, 200])
    let four = try two.resized(width: 4, height: 2)
    let row: [UInt8] = [0, 50, 150, 200].flatMap { [$0, $0, $0] }
    #expect(four.pixels == row + row)
  }

  @Test func aPlainPictureStaysPlainAtAnySize() throws {
    let plain = try PictureCanvas(width: 7, height: 5, color: SIMD3(9, 90, 255)).image
    for (width, height) in [(1, 1), (3, 11), (20, 2)] {
      let expected = try PictureCanvas(width: width, height: height, color: SIMD3(9, 90, 255))
      #expect(try plain.resized(width: width, height: height) == expected.image)
    }
    let fitted = try plain.fitted(width: 14, height: 100)
    #expect((fitted.width, fitted.height) == (14, 10))
  }

  @Test(arguments: [
    (0, 5, "A picture of 0x5 pixels has no pixels."),
    (1 << 40, 1 << 40, "A picture of 1099511627776x1099511627776 pixels has more than 100000000."),
  ])
  func sizesThatMakeNoSenseAreRefused(_ width: Int, _ height: Int, _ text: String) throws {
    let error = #expect(throws: CaptureError.self) { try canvas(width, height) }
    #expect(error?.what == text)
    let image = try canvas(1, 1).image
    #expect(throws: CaptureError.self) { try image.resized(width: width, height: height) }
  }
}
