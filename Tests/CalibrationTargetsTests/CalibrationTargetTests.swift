import CalibrationTargets
import CaptureCore
import Foundation
import Testing

@Suite struct CalibrationTargetTests {
  private func parse(_ text: String) throws -> CalibrationTarget {
    try CalibrationTarget(JSONNode(JSONValue(parsing: Data(text.utf8))))
  }

  private let head = #""format": "fieldmesh-target", "version": 1, "name": "t""#

  @Test("Every shipped board can be read and drawn")
  func shipped() throws {
    let folder = root.appendingPathComponent("calibration/targets")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".json") }
    #expect(names.count >= 8)
    for name in names {
      let target = try CalibrationTarget(file: folder.appendingPathComponent(name))
      #expect(target.name + ".json" == name)
      let drawing = TargetDrawing(target)
      #expect(drawing.svg.contains("<svg"))
      #expect(drawing.pdf.starts(with: Data("%PDF".utf8)))
      #expect(target.points.count > 20 || name == "floor-tag.json")
    }
  }

  @Test("Points and markers lie where the pattern says")
  func layout() throws {
    let board = try TargetDetectorTests.shipped("kinect5-charuco")
    #expect(board.points.count == 60 && board.markers.count == 38)
    #expect(abs(board.points[7].x - 0.222) < 1e-12 && abs(board.points[7].y - 0.222) < 1e-12)
    #expect(abs(board.markers[0].origin.x - (0.111 + 0.0148)) < 1e-9)
    let grid = try TargetDetectorTests.shipped("aprilgrid-6x6")
    // Number 0 is at the lower left.
    #expect(grid.markers[0].origin.x == 0)
    #expect(abs(grid.markers[0].origin.y - 5 * 0.1144) < 1e-9)
  }

  @Test(
    "What is wrong with a board's file is said",
    arguments: [
      (
        #""kind": "charuco", "columns": 7, "rows": 5, "square": 0.04, "marker": 0.05, "dictionary": "aruco-5x5-100""#,
        "`marker` must be a number from 0.0001 to 0.038, but is 0.05."
      ),
      (
        #""kind": "charuco", "columns": 7, "rows": 5, "square": 0.0001, "marker": 0.03, "dictionary": "aruco-5x5-100""#,
        "`square` must be a number from 0.0002 to 10, but is 0.0001."
      ),
      (
        #""kind": "charuco", "columns": 7, "rows": 5, "square": 0.04, "marker": 0.03, "dictionary": "DICT_5X5""#,
        "`dictionary` is `DICT_5X5`, which is no known dictionary; known are tag36h11, or aruco- and 4x4, 5x5 or 6x6 and -50, -100 or -250."
      ),
      (
        #""kind": "charuco", "columns": 20, "rows": 20, "square": 0.04, "marker": 0.03, "dictionary": "aruco-5x5-100""#,
        "`dictionary` is `aruco-5x5-100` with 100 markers, but the board needs ids up to 199."
      ),
      (
        #""kind": "chessboard", "columns": 8, "rows": 6, "square": 0.04"#,
        "`rows` is 6 with 8 columns; a board of an odd and an even number of squares is needed, because one that looks the same upside down has no upper left."
      ),
      (
        #""kind": "aprilgrid", "columns": 2, "rows": 2, "tag": 0.04, "gap": 0.01, "spacing": 1, "dictionary": "tag36h11""#,
        "The document has an unknown key `spacing`; known are format, version, name, note, kind, columns, rows, tag, gap, cornerSquares, dictionary, firstID."
      ),
      (
        #""kind": "circles", "columns": 2, "rows": 2"#,
        "`kind` must be charuco or aprilgrid or chessboard, but is \"circles\"."
      ),
    ])
  func refusals(members: String, message: String) {
    let error = #expect(throws: CaptureError.self) { try parse("{\(head), \(members)}") }
    #expect(error?.description == message)
  }

  @Test("A drawing has true measures")
  func measures() throws {
    let drawing = TargetDrawing(try TargetDetectorTests.shipped("charuco-a3"))
    // 9 x 6 squares of 40 mm with a margin of 15 mm, and 22 mm for the ruler.
    #expect(drawing.svg.contains(#"width="390mm" height="292mm" viewBox="0 0 390 292""#))
    #expect(drawing.svg.contains("M15 15h40v40h-40z"))
    #expect(drawing.svg.contains("The ruler is 300 mm long."))
    let pdf = String(decoding: drawing.pdf, as: UTF8.self)
    #expect(pdf.contains("/MediaBox [0 0 1105.512 827.717]"))
    let error = #expect(throws: CaptureError.self) {
      try drawing.write(to: URL(fileURLWithPath: "/tmp/board.dxf"))
    }
    #expect(error?.code == .usage)
  }
}
