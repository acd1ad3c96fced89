// Runs one parser under libFuzzer: `fieldmesh-fuzz TARGET [options of libFuzzer] [corpus folders]`.
// `--list` names the targets, `--seeds TARGET FOLDER` writes the first inputs.

import CFuzzer
import Foundation
import FuzzTargets

func target(_ name: String?) -> FuzzTarget {
  guard let found = FuzzTarget.all.first(where: { $0.name == name }) else {
    print("There is no target '\(name ?? "")'; '--list' names them.")
    exit(2)
  }
  return found
}

let words = CommandLine.arguments
switch words.dropFirst().first {
case "--list":
  for target in FuzzTarget.all { print(target.name) }
case "--seeds":
  guard words.count == 4 else { exit(2) }
  for (number, seed) in try target(words[2]).seeds().enumerated() {
    try seed.write(to: URL(fileURLWithPath: words[3]).appendingPathComponent("seed-\(number)"))
  }
default:
  Running.run = try target(words.dropFirst().first).start()
  // libFuzzer takes what follows the target's name.
  var count = CommandLine.argc - 1
  var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv + 1
  exit(
    LLVMFuzzerRunDriver(&count, &arguments) { bytes, size in
      _ = Running.run(bytes.map { Data(bytes: $0, count: size) } ?? Data())
      return 0
    })
}
