import CapturePipeline
import Testing

@testable import BatchEngine

@Suite struct ScheduleTests {
  private static let stages: [StageName] = [.pair, .observe, .train, .mesh, .export]

  /// The next unit as `take stage threads`; empty for none.
  private func next(_ schedule: inout Schedule, _ memory: Double = 1) -> String {
    guard let (key, threads) = schedule.next(memory: { _ in memory }) else { return "" }
    return "\(key.take) \(schedule.takes[key.take].units[key.unit].name) \(threads)"
  }

  private func schedule(
    takes: Int, parts: Int = 1, cores: Int, memory: Double = 1e12, atOnce: Int = .max
  ) throws -> Schedule {
    let units = try BatchUnit.all(stages: Self.stages, parts: [.mesh: parts])
    return Schedule(
      (0..<takes).map { _ in
        Schedule.Take(units: units, phases: units.map { _ in .waiting })
      }, limits: MachineLimits(cores: cores, memory: memory, takes: atOnce))
  }

  @Test("Takes stand side by side, one core each, and finish before others begin")
  func sideBySide() throws {
    var schedule = try schedule(takes: 3, cores: 2)
    var order: [String] = []
    var running: [Schedule.Key] = []
    while true {
      while let (key, threads) = schedule.next(memory: { _ in 1 }) {
        order.append("\(key.take)\(Self.stages[key.unit]) \(threads)")
        running.append(key)
      }
      guard !running.isEmpty else { break }
      schedule.ended(running.removeFirst(), as: .done)
    }
    #expect(
      order == [
        "0pair 1", "1pair 1", "0observe 1", "1observe 1", "0train 1", "1train 1", "0mesh 1",
        "1mesh 1", "0export 1", "1export 1", "2pair 1", "2observe 2", "2train 2", "2mesh 2",
        "2export 2",
      ])
    let isDone = schedule.takes.allSatisfy(\.isDone)
    #expect(isDone)
  }

  @Test("Where memory is for one, one runs with all cores; what needs more than all runs alone")
  func memory() throws {
    var schedule = try schedule(takes: 3, cores: 8, memory: 10)
    let first = [next(&schedule, 6), next(&schedule, 6)]
    #expect(first == ["0 pair 8", ""])
    schedule.ended(Schedule.Key(take: 0, unit: 0), as: .done)
    let second = next(&schedule, 60)
    #expect(second == "0 observe 8")
  }

  @Test("Two units share the cores that memory lets them use")
  func shares() throws {
    var schedule = try schedule(takes: 9, cores: 8, memory: 10)
    let all = (0..<3).map { _ in next(&schedule, 4) }
    #expect(all == ["0 pair 4", "1 pair 4", ""])
  }

  @Test("A stage waits for every part of the one before it; a failed unit ends its take alone")
  func parts() throws {
    var schedule = try schedule(takes: 2, parts: 3, cores: 4, atOnce: 1)
    for unit in 0..<3 {
      let both = [next(&schedule), next(&schedule)]
      #expect(both == ["0 \(Self.stages[unit]) 4", ""], "one take at once")
      schedule.ended(Schedule.Key(take: 0, unit: unit), as: .done)
    }
    let parts = (0..<4).map { _ in next(&schedule) }
    #expect(parts == ["0 mesh-1-of-3 1", "0 mesh-2-of-3 1", "0 mesh-3-of-3 2", ""])
    schedule.ended(Schedule.Key(take: 0, unit: 3), as: .done)
    schedule.ended(Schedule.Key(take: 0, unit: 4), as: .failed)
    schedule.ended(Schedule.Key(take: 0, unit: 5), as: .done)
    let after = next(&schedule)
    #expect(after == "1 pair 4")
    #expect(!schedule.takes[0].isDone && schedule.takes[0].isFailed)
  }
}
