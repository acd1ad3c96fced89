public import CaptureCore
public import CapturePipeline
internal import Foundation

/// What a batch would do: its takes, and of each what is done already.
public struct Planner: Sendable {
  /// The takes and their units.
  public let plan: BatchPlan
  /// What was found and left alone, and takes that cannot be opened, a sentence each.
  public let notes: [String]
  let folder: BatchFolder
  let jobs: [TakeJob]
  /// By take: the stages whose results still hold.
  let finished: [Set<StageName>]
  let rates: Rates

  /// Looks at the takes and at what is there of them; writes nothing.
  ///
  /// - Parameters:
  ///   - framesPerPart: Most frames that one unit of meshing does; 0 for all of a take.
  ///   - pipeline: Makes a pipeline for an output folder; its stages are asked, not run.
  /// - Throws: ``CaptureError`` where the folder holds something else.
  public init(
    _ jobs: BatchJobs, folder: BatchFolder, engine: String, framesPerPart: Int,
    pipeline: (OutputFolder, JobConfiguration) throws(CaptureError) -> Pipeline
  ) throws(CaptureError) {
    self.folder = folder
    let known = try? folder.readPlan()
    var (takes, taken): ([BatchPlan.Take], Set<String>) = ([], [])
    var (list, finished, notes): ([TakeJob], [Set<StageName>], [String]) = ([], [], jobs.notes)
    var names: [[String]: String] = [:]
    for take in known?.takes ?? [] { names[take.sources + [take.name]] = take.id }
    for take in jobs.takes {
      let sources = take.source.takes.map(\.standardizedFileURL.path)
      // A take keeps the name that an earlier plan gave it, whatever came since.
      var id = names[sources + [take.name]] ?? ""
      if id.isEmpty || taken.contains(id) {
        id = BatchPlan.safeName(
          take.name, sources: sources, taken: taken.union(names.values))
      }
      taken.insert(id)
      let job = TakeJob(
        sources: sources, calibration: take.source.calibration?.standardizedFileURL.path,
        configuration: take.configuration)
      var (outline, done): (RecordingOutline?, Set<StageName>) = (nil, [])
      do throws(CaptureError) {
        outline = try RecordingOutline(take.source)
        done = Set(
          try pipeline(folder.take(id).output, take.configuration).finished(take.source))
        // Report and preview come after the last manifest.
        let last = UnitState.read(folder.take(id).state(BatchUnit(.export)))
        if last?.isUnfinished == true { done.remove(.export) }
      } catch {
        notes.append("'\(take.name)' cannot be used as it is. \(error)")
      }
      takes.append(
        Self.entry(id, take, sources, outline, framesPerPart: framesPerPart))
      list.append(job)
      finished.append(done)
    }
    plan = BatchPlan(engine: engine, framesPerPart: framesPerPart, takes: takes)
    (self.jobs, self.finished, self.notes) = (list, finished, notes)
    rates = Self.measured(takes, folder)
  }

  private static func entry(
    _ id: String, _ take: BatchTake, _ sources: [String], _ outline: RecordingOutline?,
    framesPerPart: Int
  ) -> BatchPlan.Take {
    let selection = take.configuration.frames
    let sets = outline?.frameSets ?? 0
    let end = min(selection.end ?? sets, sets)
    let frames = max(0, end - selection.first + selection.every - 1) / selection.every
    let parts =
      framesPerPart > 0
      ? min(64, max(1, (frames + framesPerPart - 1) / framesPerPart)) : 1
    return BatchPlan.Take(
      id: id, name: take.name, method: take.configuration.method, cameras: outline?.cameras ?? 0,
      frames: frames, parts: parts,
      trainingParts: min(64, take.configuration.windows(frames: frames)),
      work: Workload(
        take.configuration, frames: frames, cameras: outline?.cameras ?? 0,
        depthPixels: outline?.depthPixels ?? 0), sources: sources)
  }

  static func measured(_ takes: [BatchPlan.Take], _ folder: BatchFolder) -> Rates {
    var rates = Rates()
    for take in takes {
      for unit in take.units {
        if let state = UnitState.read(folder.take(take.id).state(unit)) {
          rates.learn(unit, of: take, state)
        }
      }
    }
    return rates
  }

  /// The units that have to run: those of stages that are not finished.
  public func units(of take: Int) -> [BatchUnit] {
    plan.takes[take].units.filter { !finished[take].contains($0.stage) }
  }

  /// Writes the plan, and what the units are told of takes that are new.
  ///
  /// Call with the batch's lock held.
  /// - Throws: ``CaptureError`` where the folder cannot be written.
  func write() throws(CaptureError) {
    for (index, take) in plan.takes.enumerated() {
      let home = folder.take(take.id)
      try home.make()
      if AtomicFile.size(of: home.job) == nil {
        try AtomicFile.writeJSON(jobs[index], to: home.job)
      }
    }
    if (try? folder.readPlan()) != plan { try AtomicFile.writeJSON(plan, to: folder.plan) }
    unlink(folder.cancel.path)
  }
}
