import ArgumentParser
import CaptureCore
import CapturePipeline
import Foundation

/// The `fieldmesh` command: one line a subcommand.
struct Fieldmesh: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fieldmesh",
    abstract: "Turns a rig recording into a sequence of clean, coloured meshes.",
    discussion: """
      Exit status: 0 done, 2 wrong usage, 3 bad input, 4 done but for some images or frames, \
      75 interrupted or busy: run the same command again.
      """,
    version: programVersion,
    subcommands: [
      Run.self,
      Batch.self,
      Status.self,
      Retry.self,
      Cancel.self,
      Ingest.self,
      Pair.self,
      Observe.self,
      Train.self,
      MeshFrames.self,
      Export.self,
      Inspect.self,
      Align.self,
      Calibrate.self,
      Target.self,
      Salvage.self,
      Config.self,
      Evaluate.self,
      Synth.self,
      Work.self,
    ])
}

/// Runs a subcommand and turns what it throws into one line and an exit status.
@main
enum Main {
  static func main() {
    do {
      // An unset variable of a shell: as a path it would be the folder that one happens to be in.
      guard !CommandLine.arguments.dropFirst().contains("") else {
        throw CaptureError(
          .usage, "An argument is empty.", remedy: "Was a variable in it not set?")
      }
      var command = try Fieldmesh.parseAsRoot()
      try command.run()
      guard fflush(nil) == 0 else {
        throw CaptureError(
          .badInput, "The standard output cannot be written.",
          remedy: "Is there room where it goes to?")
      }
    } catch let error as CaptureError {
      fail("fieldmesh: \(error)", error.code.exitStatus)
    } catch {
      let code = Fieldmesh.exitCode(for: error)
      guard code == .validationFailure else { Fieldmesh.exit(withError: error) }
      let message = Fieldmesh.fullMessage(for: error)
      let prefix = "Error: "
      fail(
        "fieldmesh: "
          + (message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : message),
        CaptureError.Code.usage.exitStatus)
    }
  }

  private static func fail(_ text: String, _ status: Int32) -> Never {
    StandardError.write(text + "\n")
    exit(status)
  }
}
