import ArgumentParser
import CaptureCore
import CapturePipeline
import Foundation
import Logging
import NeuralFields

/// How a command speaks and how much of the machine it takes.
struct RuntimeOptions: ParsableArguments {
  @Flag(name: .shortAndLong, help: "Show no progress and no table.")
  var quiet = false

  @Option(
    help: ArgumentHelp(
      "Least severe messages to show: debug, info, warning or error.", valueName: "level"))
  var logLevel: LogLevel = .warning

  @Option(help: ArgumentHelp("Threads to use; all cores if left out.", valueName: "n"))
  var threads: Int?

  /// Severities, as swift-log has them.
  enum LogLevel: String, CaseIterable, ExpressibleByArgument {
    case debug, info, warning, error

    var severity: Logger.Level {
      switch self {
      case .debug: .debug
      case .info: .info
      case .warning: .warning
      case .error: .error
      }
    }
  }

  /// A pipeline in a folder that reports to `observer` and does not listen to signals.
  static func pipeline(
    in output: OutputFolder, _ configuration: JobConfiguration, threads: Int,
    observer: any PipelineObserver = SilentObserver(),
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(CaptureError) -> Pipeline {
    Pipeline(
      output: output, configuration: configuration,
      backend: try Backends.choose(threads: threads), threads: threads, observer: observer,
      isCancelled: isCancelled)
  }

  /// A pipeline in a folder that reports on stderr and stops on Ctrl-C.
  func pipeline(
    in output: OutputFolder, _ configuration: JobConfiguration
  ) throws(CaptureError) -> Pipeline {
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let threads = try (threads ?? cores).checked("--threads", 1...1024)
    var logger = Logger(label: "fieldmesh") { StandardErrorLog(label: $0) }
    logger.logLevel = logLevel.severity
    let backend = try Backends.choose(threads: threads)
    logger.info("fields run on \(backend.name) with \(threads) threads")
    Interruption.listen()
    return Pipeline(
      output: output, configuration: configuration, backend: backend, threads: threads,
      observer: ProgressPrinter(quiet: quiet, logger: logger),
      isCancelled: { Interruption.isPending })
  }
}

/// What may change the configuration, the later the stronger: preset, file, single keys.
struct ConfigurationOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Named configuration: preview, standard or fine.", valueName: "name"))
  var preset: String?

  @Option(help: ArgumentHelp("File with any part of the configuration.", valueName: "job.json"))
  var config: String?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "One key, such as training.steps=2000; may be repeated.", valueName: "key=value"))
  var settings: [String] = []

  /// The effective configuration: `base`, or the preset in its place, then the file, then the keys.
  func load(
    _ more: [String] = [], over base: JobConfiguration = JobConfiguration()
  ) throws(CaptureError) -> JobConfiguration {
    var result = base
    if let preset { result = try JobPreset.named(preset).configuration }
    if let config { result = try result.reading(URL(fileURLWithPath: config)) }
    return try result.setting(settings + more)
  }
}

/// The folder of an earlier run, as the single stages take it.
struct StageOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The output folder of an earlier stage.", valueName: "out"))
  var output: String

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var runtime: RuntimeOptions

  /// Runs one stage with the folder's configuration and what the options change in it.
  func run(_ stage: StageName, _ more: [String] = []) throws(CaptureError) {
    try RunReport.checkComplete(try open(more).run(only: stage).skipped)
  }

  /// The pipeline on the folder, with its configuration and what the options change in it.
  func open(_ more: [String] = []) throws(CaptureError) -> Pipeline {
    try runtime.pipeline(continuing: output, configuration, more)
  }
}

extension RuntimeOptions {
  /// The pipeline on the folder of an earlier run, with its configuration and what the options
  /// change in it.
  func pipeline(
    continuing output: String, _ configuration: ConfigurationOptions, _ more: [String] = []
  ) throws(CaptureError) -> Pipeline {
    let folder = OutputFolder(URL(fileURLWithPath: output))
    guard FileManager.default.fileExists(atPath: folder.configuration.path) else {
      throw CaptureError(
        .usage, "This is not the output folder of a run.", at: folder.url.path,
        remedy: "Begin with 'fieldmesh pair TAKE -o OUT'.")
    }
    let base = try JobConfiguration().reading(folder.configuration)
    return try pipeline(in: folder, try configuration.load(more, over: base))
  }
}

extension Int {
  /// The value itself, as that of an option.
  /// - Throws: ``CaptureError`` `usage` where it is out of range.
  func checked(_ option: String, _ range: ClosedRange<Int>) throws(CaptureError) -> Int {
    guard range.contains(self) else {
      throw CaptureError(
        .usage, "\(self) is out of range.", at: option,
        remedy: "Choose a value from \(range.lowerBound) to \(range.upperBound).")
    }
    return self
  }
}
