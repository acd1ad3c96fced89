import Foundation
import Testing

/// What the repository says about itself must be so.
@Suite struct RepositoryTests {
  private let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private func files(_ suffix: String, below folders: [String]) throws -> [String] {
    try folders.flatMap { folder in
      let url = root.appendingPathComponent(folder)
      guard FileManager.default.fileExists(atPath: url.path) else { return [String]() }
      return try FileManager.default.subpathsOfDirectory(atPath: url.path)
        .filter { $0.hasSuffix(suffix) }.map { "\(folder)/\($0)" }
    }
  }

  private func text(_ name: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(name), encoding: .utf8)
  }

  @Test("Every path that a Markdown file names exists")
  func paths() throws {
    let folders = [
      "Benchmarks", "Sources", "Tests", "scripts", "samples", "rigs", "calibration", "docs",
    ]
    let top = try FileManager.default.contentsOfDirectory(atPath: root.path)
      .filter { $0.hasSuffix(".md") }
    let documents = try top + files(".md", below: folders)
    #expect(documents.contains("README.md"))
    let link = /\]\((?<path>[^)#:\s]+)(#[^)]*)?\)/
    let code = /`(?<path>(?<folder>[A-Za-z]+)\/[^`\s<>*]*)`/
    for document in documents {
      let content = try text(document)
      let home = root.appendingPathComponent(document).deletingLastPathComponent()
      for match in content.matches(of: link) {
        let url = home.appendingPathComponent(String(match.path))
        #expect(FileManager.default.fileExists(atPath: url.path), "\(document): \(match.path)")
      }
      for match in content.matches(of: code) where folders.contains(String(match.folder)) {
        let url = root.appendingPathComponent(String(match.path))
        #expect(FileManager.default.fileExists(atPath: url.path), "\(document): \(match.path)")
      }
    }
  }

  @Test("No stage imports another one")
  func stages() throws {
    let stages = [
      "Recordings", "ClockEstimation", "FrameSync", "DepthAlignment", "Calibration",
      "CalibrationFormats",
      "CalibrationTargets", "BundleAdjustment", "RayObservations", "DepthFusion", "FieldTraining",
      "Meshing", "MeshExport", "SurfaceMetrics", "SyntheticRigs",
    ]
    for stage in stages { #expect(try !files(".swift", below: ["Sources/\(stage)"]).isEmpty) }
    for name in try files(".swift", below: stages.map { "Sources/\($0)" }) {
      let own = name.split(separator: "/")[1]
      for match in try text(name).matches(of: /(?m)^(public |internal )?import (?<module>\w+)/) {
        let module = String(match.module)
        #expect(module == own || !stages.contains(module), "\(name) imports \(module)")
      }
    }
  }

  @Test("Only the executables name a backend")
  func backends() throws {
    for name in try files(".swift", below: ["Sources"]) {
      let mayName = ["FieldBackendCPU/", "fieldmesh/", "fieldmesh-bench/"]
        .contains { name.hasPrefix("Sources/" + $0) }
      let names = try text(name).contains("FieldBackendCPU")
      #expect(mayName || !names, "\(name)")
    }
  }
}
