import CaptureCore
import CapturePipeline
import CaptureTestSupport
import Foundation
import Synchronization
import Testing

@testable import BatchEngine

@Suite struct BatchStateTests {
  private let folder: BatchFolder

  init() throws { folder = BatchFolder(try Scratch.folder()) }

  private func plan(
    _ takes: Int, parts: Int = 1, method: JobConfiguration.Method = .field
  ) throws -> BatchPlan {
    var configuration = JobConfiguration()
    configuration.frames.every = 1
    let plan = BatchPlan(
      engine: "local", framesPerPart: 0,
      takes: (0..<takes).map {
        BatchPlan.Take(
          id: "take-\($0)", name: "take \($0)", method: method, cameras: 4, frames: 300,
          parts: parts, trainingParts: 1,
          work: Workload(configuration, frames: 300, cameras: 4, depthPixels: 92160),
          sources: ["/data/take \($0)"])
      })
    try AtomicFile.writeJSON(plan, to: folder.plan)
    return plan
  }

  private func manifest(_ stage: StageName, _ take: String) throws {
    try Scratch.put(
      "{}",
      folder.take(take).output.folder(stage).appendingPathComponent(StageManifest.fileName))
  }

  private func state(
    _ unit: String, _ take: String, _ phase: UnitState.Phase,
    _ change: (inout UnitState) -> Void = { _ in }
  ) throws {
    try folder.take(take).make()
    var state = UnitState(phase: phase)
    (state.host, state.boot, state.process, state.tries) = (Host.name, Host.boot, getpid(), 1)
    change(&state)
    try state.write(to: folder.take(take).state(BatchUnit(named: unit)))
  }

  @Test("Units have names that read back")
  func unitNames() throws {
    let units = try BatchUnit.all(stages: StageName.allCases, parts: [.train: 2, .mesh: 3])
    #expect(
      units.map(\.name) == [
        "pair", "observe", "train-1-of-2", "train-2-of-2", "mesh-1-of-3", "mesh-2-of-3",
        "mesh-3-of-3", "export",
      ])
    for unit in units { #expect(try BatchUnit(named: unit.name) == unit) }
    for text in [
      "", "paint", "mesh-4-of-3", "mesh-0-of-3", "mesh-1", "train-3-of-2", "pair-1-of-2",
      "mesh-1-of-x",
    ] {
      #expect(throws: CaptureError.self) { _ = try BatchUnit(named: text) }
    }
  }

  @Test("Manifests say what is done; states say the rest, and a dead worker is found out")
  func status() throws {
    _ = try plan(2, parts: 2)
    for stage in [StageName.pair, .observe, .train] { try manifest(stage, "take-0") }
    try state("observe", "take-0", .running)
    try state("train", "take-0", .waiting)
    try state("mesh-1-of-2", "take-0", .running) { ($0.done, $0.total) = (3, 12) }
    try state("mesh-2-of-2", "take-0", .running) { $0.boot = "another" }
    try state("pair", "take-1", .failed) { ($0.error, $0.code) = ("No.", "badInput") }
    let status = try BatchStatus(folder)
    #expect(
      status.takes[0].units.map(\.phase)
        == [.done, .done, .waiting, .running, .lost, .waiting])
    #expect(status.takes[0].units[3].share == 0.25)
    #expect(
      status.takes[1].units.map(\.phase)
        == [.failed, .blocked, .blocked, .blocked, .blocked, .blocked])
    #expect(status.counts == [.running: 1, .failed: 1])
    #expect(status.text.contains("take 1, pair: failed, 1 try. No.\n  takes/take-1/logs/pair.log"))
    #expect(try status.json().contains("\"phase\" : \"failed\""))
    try state("mesh-2-of-2", "take-0", .running) { $0.host = "elsewhere" }
    #expect(try BatchStatus(folder).takes[0].units[4].phase == .running)
    let silent = folder.take("take-0").state(try BatchUnit(named: "mesh-2-of-2"))
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: silent.path)
    #expect(try BatchStatus(folder).takes[0].units[4].phase == .lost)
  }

  @Test("A summary counts the results of the plan's stages, not those of a method before")
  func otherMethod() throws {
    for stage in StageName.allCases {
      try Scratch.put(
        """
        {"format": "fieldmesh-stage", "version": 1, "stage": "\(stage.rawValue)", "program": "",
         "inputs": {}, "outputs": [{"file": "a", "bytes": 7}], "summary": "", "seconds": 1,
         "warnings": ["of \(stage.rawValue)"], "skipped": [], "finished": ""}
        """,
        folder.take("take-0").output.folder(stage).appendingPathComponent(StageManifest.fileName))
    }
    for (method, count) in [(JobConfiguration.Method.field, 5), (.tsdf, 4)] {
      _ = try plan(1, method: method)
      let take = try BatchSummary(folder).takes[0]
      #expect(take.warnings.contains("of train") == (method == .field))
      #expect(take.warnings.count == count && take.bytes == 7 * count)
    }
  }

  @Test("A damaged state counts as none")
  func damaged() throws {
    _ = try plan(1)
    try folder.take("take-0").make()
    try Data("{".utf8).write(to: folder.take("take-0").state(BatchUnit(.pair)))
    #expect(try BatchStatus(folder).takes[0].units[0].phase == .waiting)
  }

  @Test("A status is a matter of reading small files")
  func speed() throws {
    let plan = try plan(100, parts: 2)
    for take in plan.takes {
      for unit in take.units {
        try state(unit.name, take.id, .done) { $0.summary = "24 meshes, 1.2 M faces" }
      }
      for stage in StageName.allCases { try manifest(stage, take.id) }
    }
    // A tenth of what `scripts/drills/status` measures of the program as people build it; the quicker
    // of two, because other tests run beside.
    var times: [Duration] = []
    for _ in 0..<2 {
      let start = ContinuousClock.now
      let status = try BatchStatus(folder)
      times.append(ContinuousClock.now - start)
      #expect(status.isOver)
    }
    #expect((times.min() ?? .seconds(9)) < .seconds(1), "\(times)")
  }

  @Test("A plan of another version is not run")
  func otherVersion() throws {
    _ = try plan(1)
    let text = try String(contentsOf: folder.plan, encoding: .utf8)
    try Scratch.put(text.replacing(programVersion, with: "0.0.1"), folder.plan)
    let error = #expect(throws: CaptureError.self) { _ = try folder.readPlan() }
    #expect(error?.what == "The plan is of another version of the program (0.0.1).")
  }

  @Test("Two batches: the second is told who holds the folder, or waits")
  func lock() throws {
    let first = try BatchLock(folder.url)
    let error = #expect(throws: CaptureError.self) { _ = try BatchLock(folder.url) }
    #expect(
      error?.what
        == "Another batch works in this folder (process \(getpid()) on \(Host.name)).")
    #expect(BatchLock.holder(of: folder.url)?.process == getpid())
    let url = folder.url
    Thread.detachNewThread {
      Thread.sleep(forTimeInterval: 0.3)
      first.release()
    }
    let second = try BatchLock(url, waits: true)
    second.release()
    #expect(BatchLock.holder(of: url) == nil)
  }

  @Test("A batch that finds the folder taken closes its file once")
  func refusedLock() throws {
    let first = try BatchLock(folder.url)
    let isOver = Atomic(false)
    let lost = Atomic(0)
    let done = DispatchSemaphore(value: 0)
    // A file that another thread opens gets the number that was closed; it must stay what it is.
    let path = folder.url.appendingPathComponent("other").path
    Thread.detachNewThread {
      while !isOver.load(ordering: .relaxed) {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        let isWritten = pwrite(file, "text", 4, 0) == 4
        sched_yield()
        var byte: UInt8 = 0
        let isThere = pread(file, &byte, 1, 0) == 1
        if close(file) != 0 || !isWritten || !isThere { lost.wrappingAdd(1, ordering: .relaxed) }
      }
      done.signal()
    }
    for _ in 0..<2000 {
      #expect(throws: CaptureError.self) { _ = try BatchLock(folder.url) }
    }
    isOver.store(true, ordering: .relaxed)
    done.wait()
    #expect(lost.load(ordering: .relaxed) == 0)
    #expect(BatchLock.holder(of: folder.url)?.process == getpid())
    first.release()
  }

  @Test(
    "A lock that a dead process left here is taken at once; of another machine, when its count stands still"
  )
  func deadLock() throws {
    func leave(_ host: String) throws {
      let holder = BatchLock.Holder(host: host, boot: "b", process: 1, beat: 7)
      try JSONEncoder().encode(holder).write(
        to: folder.url.appendingPathComponent(BatchLock.fileName))
    }
    var notes: [String] = []
    try leave(Host.name)
    try BatchLock(folder.url, note: { notes.append($0) }).release()
    #expect(notes == ["taking over from process 1 on \(Host.name), which is gone"])
    try leave("elsewhere")
    #expect(BatchLock.holder(of: folder.url)?.host == "elsewhere")
    notes = []
    try BatchLock(folder.url, rhythm: .milliseconds(100), note: { notes.append($0) }).release()
    #expect(notes.last == "taking over from process 1 on elsewhere, which is dead")
    // One that counts is alive, though its lock is not seen here.
    try leave("elsewhere")
    let place = folder.url.appendingPathComponent(BatchLock.fileName)
    let writer = Thread {
      for beat in 8..<30 {
        let holder = BatchLock.Holder(host: "elsewhere", boot: "b", process: 1, beat: beat)
        try? JSONEncoder().encode(holder).write(to: place, options: [])
        Thread.sleep(forTimeInterval: 0.05)
      }
    }
    writer.start()
    #expect(throws: CaptureError.self) {
      _ = try BatchLock(folder.url, rhythm: .milliseconds(100))
    }
  }
}
