import ArgumentParser
import Foundation

/// The recording that a command is given.
struct SourceArguments: ParsableArguments {
  @Argument(
    help: ArgumentHelp("Folder of the recording, or its files, one or more.", valueName: "source"))
  var sources: [String]

  var urls: [URL] { sources.map { URL(fileURLWithPath: $0) } }
}
