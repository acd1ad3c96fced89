import Foundation
import FuzzTargets
import Testing

/// Inputs on which a parser once failed, kept; `scripts/fuzz` finds more.
@Suite struct FuzzInputsTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Inputs")

  @Test(arguments: FuzzTarget.all.map(\.name))
  func seedsAndFoundInputsAreReadOrRefused(_ name: String) throws {
    let target = try #require(FuzzTarget.all.first { $0.name == name })
    let folder = Self.folder.appendingPathComponent(name)
    let kept = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let seeds = try target.seeds()
    #expect(!seeds.isEmpty && seeds.allSatisfy { !$0.isEmpty })
    let run = try target.start()
    for seed in seeds { #expect(run(seed)) }
    for file in kept.sorted() {
      _ = run(try Data(contentsOf: folder.appendingPathComponent(file)))
    }
  }

  @Test func everyKeptInputHasATarget() throws {
    let folders = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
      .filter { !$0.hasPrefix(".") }
    #expect(Set(folders).isSubset(of: FuzzTarget.all.map(\.name)))
  }
}
