import CaptureCore
import CaptureTestSupport
import FieldTraining
import Foundation
import MeshExport
import Meshing
import RayObservations
import Testing

@testable import CapturePipeline

@Suite struct JobConfigurationTests {
  private func message(_ settings: String...) -> String {
    do throws(CaptureError) {
      _ = try JobConfiguration().setting(settings)
      return "no error"
    } catch {
      #expect(error.code == .usage)
      return error.description
    }
  }

  private func file(_ text: String) throws -> URL {
    let url = Scratch.unused("job.json")
    try Data(text.utf8).write(to: url)
    return url
  }

  @Test(
    "A key that does not exist suggests the nearest one",
    arguments: [
      ("training.stepz=3", "training.stepz: unknown key. Did you mean 'training.steps'?"),
      ("trainign.steps=3", "trainign: unknown key. Did you mean 'training'?"),
      ("steps=3", "steps: unknown key. Did you mean 'training.steps'?"),
      ("meshing.voxle=1", "meshing.voxle: unknown key. Did you mean 'meshing.voxel'?"),
      ("training.zzzzzz=3", "training.zzzzzz: unknown key. 'fieldmesh config' lists every key."),
      ("export.formats.x=3", "export.formats: expected a list, found a group of keys."),
    ])
  func unknownKeys(_ setting: String, _ expected: String) {
    #expect(message(setting) == expected)
  }

  @Test(
    "A value of the wrong type names the key and what is expected",
    arguments: [
      ("training.steps=many", "training.steps: expected a number, found \"many\"."),
      ("training.steps=2.5", "training.steps: expected a whole number, found 2.5."),
      ("training.seed=-1", "training.seed: expected a whole number, found -1."),
      ("training.steps=null", "training.steps: expected a number, found null."),
      ("frames.end=soon", "frames.end: expected a whole number, found \"soon\"."),
      ("strict=1", "strict: expected true or false, found 1."),
      ("training=7", "training: expected a group of keys, found 7."),
      ("observations.box=3", "observations.box: expected a list, found 3."),
      ("observations.box=[1, \"a\"]", "observations.box: expected a number, found [1, \"a\"]."),
      ("method=poisson", "method: expected 'field' or 'tsdf', found \"poisson\"."),
      ("export.formats=ply,stl", "export.formats: expected 'ply' or 'obj', found \"stl\"."),
      (
        "meshing.voxel",
        "--set: 'meshing.voxel' is not a setting. Write key=value, for example training.steps=2000."
      ),
    ])
  func wrongTypes(_ setting: String, _ expected: String) {
    #expect(message(setting) == expected)
  }

  @Test(
    "A value out of range names the key behind its stage",
    arguments: [
      (
        "sync.tolerance=7", "sync.tolerance: 7.0 is out of range. Choose a value from 0.001 to 1.0."
      ),
      ("training.width=4", "training.width: 4 is out of range. Choose a value from 8 to 512."),
      (
        "frames.end=0",
        "frames.end: The selection 0..<0 is empty. Choose an end above the first frame."
      ),
      ("cameras=a,b,a", "cameras: Camera 'a' is named twice. Name each camera once."),
      (
        "export.formats=[]",
        "export.formats: Each format can be named once, and there must be one. Choose from: ply, obj."
      ),
    ])
  func outOfRange(_ setting: String, _ expected: String) {
    #expect(message(setting) == expected)
  }

  @Test("The later source wins: default, preset, file, setting")
  func precedence() throws {
    let preset = try JobPreset.named("preview").configuration
    #expect(preset.training.steps != JobConfiguration().training.steps)
    let url = try file(#"{"training": {"rank": 3, "bands": 2}, "meshing": {"voxel": 0.01}}"#)
    defer { unlink(url.path) }
    let result = try preset.reading(url).setting(["training.bands=4", "export.formats=obj,ply"])
    #expect(result.training.steps == preset.training.steps)
    #expect(result.training.rank == 3)
    #expect(result.training.bands == 4)
    #expect(result.meshing.voxel == 0.01)
    #expect(result.export.formats == ["obj", "ply"])
  }

  @Test("A file's error names the file, then the key")
  func fileErrors() throws {
    for (text, expected) in [
      (
        #"{"training": {"stepz": 3}}"#,
        ", training.stepz: unknown key. Did you mean 'training.steps'?"
      ),
      (#"{"strict": true, "strict": false}"#, ": This is not valid JSON: "),
      (#"{"training": {"steps": 3}"#, ": This is not valid JSON: "),
      ("[]", ": expected a group of keys, found []."),
    ] {
      let url = try file(text)
      defer { unlink(url.path) }
      do throws(CaptureError) {
        _ = try JobConfiguration().reading(url)
        Issue.record("no error for \(text)")
      } catch {
        #expect(error.code == .usage)
        #expect(error.description.hasPrefix(url.path + expected))
      }
    }
  }

  @Test("Every preset decodes from its own text, and holds")
  func presets() throws {
    for preset in JobPreset.all {
      try preset.configuration.validate()
      let url = try file(try preset.configuration.text())
      defer { unlink(url.path) }
      #expect(try JobConfiguration().reading(url) == preset.configuration)
    }
    #expect(JobPreset.all.map(\.name) == ["preview", "standard", "fine"])
    #expect(try JobPreset.named("standard").configuration == JobConfiguration())
  }

  @Test("Every key that is encoded has exactly one line of documentation")
  func documented() throws {
    func keys(_ value: Any, _ prefix: String) -> [String] {
      guard let group = value as? [String: Any] else { return [prefix] }
      return group.flatMap { keys($0.value, prefix.isEmpty ? $0.key : "\(prefix).\($0.key)") }
    }
    var full = JobConfiguration()
    full.frames.end = 3
    full.observations.box = [0, 0, 0, 1, 1, 1]
    let encoded = keys(
      try JSONSerialization.jsonObject(with: JSONEncoder().encode(full)), "")
    #expect(encoded.sorted() == JobConfiguration.documentation.map(\.key).sorted())
    for field in JobConfiguration.documentation { #expect(field.sentence.hasSuffix(".")) }
  }

  @Test("The listing shows each key once, with value, unit and sentence")
  func listing() throws {
    let lines = try JobConfiguration().listing().split(separator: "\n")
    #expect(lines.count == JobConfiguration.documentation.count)
    let voxel = lines.first { $0.hasPrefix("meshing.voxel ") }
    #expect(voxel?.contains("0.004") == true)
    #expect(voxel?.hasSuffix("Edge of the cells that the surface is cut from.") == true)
  }

  @Test(
    "A range of frames is read, or refused with an example",
    arguments: [
      "", "..<", "5", "a..<b", "-1..<3", "3..<x", "1...3",
    ])
  func badRanges(_ text: String) throws {
    #expect(
      throws: CaptureError(
        .usage, "'\(text)' is not a range of frames.", at: "--frames",
        remedy: "Write for example '10..<20', in quotes, the last one not included.")
    ) { _ = try FrameSelection.range(text) }
    #expect(try FrameSelection.range("10..<20") == (10, 20))
    #expect(try FrameSelection.range("..<2") == (0, 2))
    #expect(try FrameSelection.range("7..<") == (7, nil))
  }

  @Test("Letters to change are counted, a swap as one")
  func letterDistances() {
    #expect(letterDistance("", "abc") == 3)
    #expect(letterDistance("steps", "steps") == 0)
    #expect(letterDistance("stpes", "steps") == 1)
    #expect(letterDistance("kitten", "sitting") == 3)
    #expect(nearestKey(to: String(repeating: "x", count: 5000), among: ["training.steps"]) == nil)
  }
}
