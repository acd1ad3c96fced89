internal import CaptureCore

/// What was asked for is answered slot by slot: the field, then the observations, then the sign.
extension SparseSamples {
  /// A distance as it is kept: what is not a number is no surface, and infinity stands for points beyond the
  /// box alone.
  @inline(__always) static func kept(_ distance: Float, voxel: Float) -> Float {
    let limit = voxel * 1e6
    return distance.isNaN ? limit : max(-limit, min(limit, distance))
  }

  /// The same for eight at a time.
  @inline(__always) static func kept(_ distances: SIMD8<Float>, voxel: Float) -> SIMD8<Float> {
    let limit = voxel * 1e6
    return distances.replacing(with: -limit, where: distances .< -limit)
      .replacing(with: limit, where: .!(distances .<= limit))
  }

  /// Answers what was asked for; returns the slots that have new points.
  /// - Parameter margin: Distance, metres, below which the observations are asked.
  mutating func evaluate(
    _ sampler: inout FieldSampler, margin: Float
  ) throws(CaptureError) -> [Int] {
    try Self.checkRoom(slots: bricks.count)
    let touched = bricks.indices.filter { slot in
      (0..<8).contains { wanted[slot * 8 + $0] != 0 }
    }
    let blocks = blocks(of: touched)
    let (lattice, bricks) = (lattice, bricks)
    let (field, observations) = (sampler.field, sampler.observations)
    try withSlots { slots throws(CaptureError) in
      nonisolated(unsafe) let slots = slots
      try sampler.inParallel(blocks.count) { block in
        Answers(lattice: lattice, bricks: bricks, slots: slots, margin: margin)
          .find(touched[blocks[block]], field, observations)
      }
    }
    return touched
  }

  /// Cuts a list of slots into parts of about as many points to ask the field for as a call should have.
  private func blocks(of touched: [Int]) -> [Range<Int>] {
    var (blocks, first, load) = ([Range<Int>](), 0, 0)
    for (i, slot) in touched.enumerated() {
      for word in slot * 8..<slot * 8 + 8 {
        load += (wanted[word] & ~predicted[word]).nonzeroBitCount
      }
      if load >= FieldSampler.batch / 2 || i + 1 - first == 64 || i + 1 == touched.count {
        blocks.append(first..<i + 1)
        (first, load) = (i + 1, 0)
      }
    }
    return blocks
  }
}

/// Answers of a few slots.
private struct Answers {
  let lattice: Lattice
  let bricks: [Int32]
  let slots: SparseSamples.Slots
  let margin: Float

  private typealias Points = UnsafeMutableBufferPointer<SIMD3<Float>>
  private typealias Floats = UnsafeMutableBufferPointer<Float>
  private typealias Places = UnsafeMutableBufferPointer<Int32>

  /// Answers what was asked for in the given slots.
  func find(
    _ group: ArraySlice<Int>, _ field: any ScalarField, _ observations: (any FrameObservations)?
  ) -> FieldSampler.Questions {
    var questions = FieldSampler.Questions()
    let count = group.reduce(0) { sum, slot in
      (slot * 8..<slot * 8 + 8).reduce(sum) { $0 + slots.wanted[$1].nonzeroBitCount }
    }
    withUnsafeTemporaryAllocation(of: SIMD3<Float>.self, capacity: count) { points in
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: count) { places in
        withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { values in
          let (asked, found) = collect(group, points, places)
          ask(asked, points, places, values, field, &questions)
          for k in asked..<found { values[k] = slots.distances[Int(places[k])] }
          decide(found, points, places, values, observations, &questions)
        }
      }
    }
    return questions
  }

  /// The points that were asked for, those first of which the field has to be asked: their number and that
  /// of all. From then on they are known.
  private func collect(
    _ group: ArraySlice<Int>, _ points: Points, _ places: Places
  ) -> (Int, Int) {
    var (asked, found) = (0, 0)
    for isPredicted in [false, true] {
      for slot in group {
        let base = lattice.brick(at: Int(bricks[slot])) &* 8
        for z in 0..<8 {
          let word = slot * 8 + z
          let chosen = isPredicted ? slots.predicted[word] : ~slots.predicted[word]
          var bits = slots.wanted[word] & chosen
          slots.known[word] |= bits
          slots.wanted[word] &= ~chosen
          while bits != 0 {
            let bit = bits.trailingZeroBitCount
            bits &= bits - 1
            let p = lattice.position(base &+ SIMD3(Int32(bit & 7), Int32(bit >> 3), Int32(z)))
            guard lattice.box.contains(p) else { continue }
            (points[found], places[found]) = (p, Int32(word * 64 + bit))
            found += 1
          }
        }
      }
      if !isPredicted { asked = found }
    }
    return (asked, found)
  }

  /// Asks the field for the first points.
  private func ask(
    _ count: Int, _ points: Points, _ places: Places, _ values: Floats, _ field: any ScalarField,
    _ questions: inout FieldSampler.Questions
  ) {
    guard count > 0 else { return }
    let at = UnsafeBufferPointer(rebasing: points[..<count])
    let out = UnsafeMutableBufferPointer(rebasing: values[..<count])
    if slots.gradients.isEmpty {
      questions.distances += count
      field.distances(at: at, into: out)
    } else {
      questions.gradients += count
      withUnsafeTemporaryAllocation(of: SIMD3<Float>.self, capacity: count) { gradients in
        field.gradients(at: at, into: out, gradients: gradients)
        for k in 0..<count { slots.gradients[Int(places[k])] = gradients[k] }
      }
    }
    for k in 0..<count {
      slots.distances[Int(places[k])] = SparseSamples.kept(values[k], voxel: lattice.voxel)
    }
  }

  /// Asks the observations, and decides what is inside.
  private func decide(
    _ count: Int, _ points: Points, _ places: Places, _ values: Floats,
    _ observations: (any FrameObservations)?, _ questions: inout FieldSampler.Questions
  ) {
    var close = 0
    for k in 0..<count where values[k] < margin {
      (points[close], places[close], values[close]) = (points[k], places[k], values[k])
      close += 1
    }
    withUnsafeTemporaryAllocation(of: Float.self, capacity: close) { free in
      if let observations, close > 0 {
        questions.freedom += close
        observations.freedom(
          of: UnsafeBufferPointer(rebasing: points[..<close]),
          into: UnsafeMutableBufferPointer(rebasing: free[..<close]))
      } else {
        free.initialize(repeating: -.infinity)
      }
      for k in 0..<close {
        let place = Int(places[k])
        if !free[k].isNaN { slots.freedom[place] = free[k] }
        if values[k] < 0 && !(free[k] >= 0) {
          slots.inside[place >> 6] |= 1 << UInt64(place & 63)
        }
      }
    }
  }
}
