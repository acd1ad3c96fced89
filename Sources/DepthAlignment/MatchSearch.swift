internal import CaptureCore

/// What counts as a match, the coarse before the fine.
struct MatchRule: Sendable {
  /// Residual at which the robust weight has fallen to a quarter, metres; never below a few sigmas.
  var width: Float
  /// Largest residual, metres.
  var gate: Float
  /// Least cosine between the two normals.
  var likeness: Float
  /// Every n-th pixel of every n-th row.
  var stride: Int
  /// What the noise is as a multiple of the expected one.
  var noise: Float
  /// Whether sums by place are kept, for the uncertainty.
  var byPlace: Bool

  /// What may be a match while places are known roughly.
  static func likely(gate: Float) -> MatchRule {
    MatchRule(width: gate / 2, gate: gate, likeness: 0.6, stride: 1, noise: 1, byPlace: false)
  }
  /// What is a match where the places are known: as near as the noise lets it be.
  static func exact(noise: Float) -> MatchRule {
    MatchRule(width: 0, gate: 0.05, likeness: 0.5, stride: 1, noise: noise, byPlace: false)
  }
}

/// Sums over the matches of one camera's pixels with another camera's surface.
///
/// A match's residual r changes by `n · (ω × (p − c) + t)` when camera A moves, and by the opposite
/// when B does. All of it is in the moments of `m = (p × n, n, dr/dτ)`: p from the common origin.
struct PairSums: Sendable {
  static let size = 7
  static let entries = 28
  /// Cells of space whose residuals err together: 25 cm wide, repeating every 2 m.
  static let places = 512

  /// Upper triangle of `Σ w m mᵀ`, row by row.
  var matrix: [28 of Double] = .init(repeating: 0)
  /// The part of ``matrix`` that noise in the normals makes up.
  var spurious: [28 of Double] = .init(repeating: 0)
  /// How fast ``right`` really changes: as ``matrix``, with the derivative of the robust score in
  /// place of its weight; only where sums by place are kept.
  var curvature: [28 of Double] = .init(repeating: 0)
  /// `Σ w m r`.
  var right: [7 of Double] = .init(repeating: 0)
  /// ``right`` by place, `[places × 7]`; empty unless asked for.
  var byPlace: [Double] = []
  /// Pixels tried; in view of the other camera where it measured something; matched.
  var tried = 0, inView = 0, matched = 0
  /// In view, and the other camera sees something behind: it looks through what A saw.
  var seenThrough = 0
  /// In the other camera's image, where it measured nothing.
  var blank = 0
  /// Sums of the robust weights, and of these times (r / sigma)².
  var robust = 0.0, robustSquares = 0.0
  /// What the matches show of grey values.
  var tone = ToneSums()
  /// Matches within 5 cm, and the sum of their squares.
  var near = 0, nearSquares = 0.0
}

/// A camera's place in single precision, from the common origin.
struct FloatPose: Sendable {
  let x, y, z, origin: SIMD3<Float>

  init(_ t: RigidTransform, from center: SIMD3<Double>) {
    x = SIMD3<Float>(t.rotate(SIMD3(1, 0, 0)))
    y = SIMD3<Float>(t.rotate(SIMD3(0, 1, 0)))
    z = SIMD3<Float>(t.rotate(SIMD3(0, 0, 1)))
    origin = SIMD3<Float>(t.translation - center)
  }

  @inline(__always) func rotate(_ v: SIMD3<Float>) -> SIMD3<Float> { x * v.x + y * v.y + z * v.z }
  @inline(__always) func point(_ v: SIMD3<Float>) -> SIMD3<Float> { rotate(v) + origin }
  @inline(__always) func unrotate(_ v: SIMD3<Float>) -> SIMD3<Float> {
    SIMD3(v.dot(x), v.dot(y), v.dot(z))
  }
  @inline(__always) func unpoint(_ v: SIMD3<Float>) -> SIMD3<Float> { unrotate(v - origin) }
}

/// Matches one image of camera A with the images of camera B around the same moment.
struct MatchSearch {
  let from, to: AlignmentFrames.Stream
  let fromPose, toPose: FloatPose
  let rule: MatchRule
  let configuration: AlignmentConfiguration
  /// Whether the cameras' clocks differ: then B is looked up between two images.
  let between: Bool
  /// How A's grey values become B's; nil compares depth alone.
  var tone: Tone?

  /// B's images for a time: one, or the two around it and the share of the second.
  private struct Lookup {
    var first, second: Int
    var share, span: Float
  }

  private func lookup(at time: Double) -> Lookup? {
    let times = to.times
    let after = times.partitionPoint { $0 < time }
    let near = [after - 1, after].filter { times.indices.contains($0) }
      .min { abs(times[$0] - time) < abs(times[$1] - time) }
    guard let near else { return nil }
    if !between {
      guard abs(times[near] - time) < 0.3 * to.spacing else { return nil }
      return Lookup(first: near, second: near, share: 0, span: 0)
    }
    let last = min(max(after, 1), times.count - 1)
    guard last >= 1 else { return nil }
    let (start, end) = (times[last - 1], times[last])
    // A little beyond the ends of the stream the motion is still the same.
    guard end > start, end - start < 2.5 * to.spacing, time > start - 0.3 * (end - start),
      time < end + 0.3 * (end - start)
    else { return nil }
    return Lookup(
      first: last - 1, second: last, share: Float((time - start) / (end - start)),
      span: Float(end - start))
  }

  /// - Parameters:
  ///   - source: A's image.
  ///   - time: When B has to be looked at, on the clock that B's times are of.
  ///   - seed: Chooses which pixels are taken where not all are.
  func add(source: Int, time: Double, seed: Int, to sums: inout PairSums) {
    guard let lookup = lookup(at: time) else { return }
    if rule.byPlace, sums.byPlace.isEmpty {
      sums.byPlace = .init(repeating: 0, count: PairSums.places * PairSums.size)
    }
    let image = from.images[source]
    let (one, two) = (to.images[lookup.first], to.images[lookup.second])
    image.depth.withUnsafeBufferPointer { depth in
      image.normals.withUnsafeBufferPointer { normals in
        one.depth.withUnsafeBufferPointer { firstDepth in
          two.depth.withUnsafeBufferPointer { secondDepth in
            one.normals.withUnsafeBufferPointer { firstNormals in
              two.normals.withUnsafeBufferPointer { secondNormals in
                let target = Target(
                  first: (firstDepth, firstNormals), second: (secondDepth, secondNormals),
                  share: lookup.share, span: lookup.span)
                // What is drawn on things that stand still is the same in either image.
                let other = lookup.share > 0.5 ? two : one
                image.grey.withUnsafeBufferPointer { own in
                  other.grey.withUnsafeBufferPointer { others in
                    let hasGrey = tone != nil && own.count == depth.count && !others.isEmpty
                    let pair =
                      hasGrey
                      ? GreyPair(
                        own: own, other: others,
                        depth: lookup.share > 0.5 ? secondDepth : firstDepth) : nil
                    walk(depth, normals, target, pair, seed, &sums)
                  }
                }
              }
            }
          }
        }
      }
    }
  }

  private struct Target {
    typealias Image = (
      depth: UnsafeBufferPointer<Float>, normals: UnsafeBufferPointer<SIMD4<Int16>>
    )
    var first, second: Image
    var share, span: Float
  }

  private struct GreyPair {
    var own, other: UnsafeBufferPointer<Float>
    /// Of the other camera.
    var depth: UnsafeBufferPointer<Float>
  }

  private struct Hit {
    var distance, speed, sigma: Float
    var normal: SIMD3<Float>
    var normalDeviation: Float
  }

  private func walk(
    _ depth: UnsafeBufferPointer<Float>, _ normals: UnsafeBufferPointer<SIMD4<Int16>>,
    _ target: Target, _ grey: GreyPair?, _ seed: Int, _ sums: inout PairSums
  ) {
    let (lens, other) = (from.lens, to.lens)
    let stride = rule.stride
    // Other pixels at other moments.
    let (offsetU, offsetV) = (seed % stride, seed / stride % stride)
    lens.directions.withUnsafeBufferPointer { directions in
      other.directions.withUnsafeBufferPointer { otherDirections in
        for v in Swift.stride(from: offsetV, to: lens.height, by: stride) {
          for u in Swift.stride(from: offsetU, to: lens.width, by: stride) {
            let i = v * lens.width + u
            guard let (normal, _) = SurfaceImage.unpack(normals[i]) else { continue }
            sums.tried += 1
            let z = depth[i]
            let p = fromPose.point(directions[i] * z)
            let q = toPose.unpoint(p)
            guard let pixel = other.projection.project(q) else { continue }
            let at = Int(pixel.v + 0.5) * other.width + Int(pixel.u + 0.5)
            let n = toPose.unrotate(fromPose.rotate(normal))
            guard let hit = match(q, n, z, target, otherDirections, at, &sums) else { continue }
            add(hit, p, &sums)
            guard let grey, let tone, hit.speed == 0, grey.own[i].isFinite,
              let seen = GreySlope(
                q, u: pixel.u, v: pixel.v, at: at, grey: grey.other, depth: grey.depth,
                directions: otherDirections, width: other.width)
            else { continue }
            add(seen, own: grey.own[i], tone, p, hit, &sums)
          }
        }
      }
    }
  }

  @inline(__always)
  private func match(
    _ q: SIMD3<Float>, _ n: SIMD3<Float>, _ z: Float, _ target: Target,
    _ directions: UnsafeBufferPointer<SIMD3<Float>>, _ at: Int, _ sums: inout PairSums
  ) -> Hit? {
    let (a, b) = (target.first.depth[at], target.second.depth[at])
    guard a > 0, b > 0 else {
      if a == 0, b == 0 { sums.blank += 1 }
      return nil
    }
    sums.inView += 1
    let nearest = target.share > 0.5 ? b : a
    if q.z < nearest - rule.gate { sums.seenThrough += 1 }
    guard let (first, firstDeviation) = SurfaceImage.unpack(target.first.normals[at]),
      let (second, secondDeviation) = SurfaceImage.unpack(target.second.normals[at]),
      first.dot(n) > rule.likeness, second.dot(n) > rule.likeness,
      abs(q.z - a) < 3 * rule.gate, abs(q.z - b) < 3 * rule.gate
    else { return nil }
    let direction = directions[at]
    let (r0, r1) = (first.dot(q - direction * a), second.dot(q - direction * b))
    guard abs(r0) < rule.gate, abs(r1) < rule.gate else { return nil }
    let (own, others) = (configuration.noise(z), configuration.noise(nearest))
    var variance = own * own + others * others + 2.5e-7
    var hit = Hit(
      distance: r0 + (r1 - r0) * target.share, speed: 0, sigma: 0,
      normal: first + (second - first) * target.share,
      normalDeviation: max(firstDeviation, secondDeviation))
    // Noise alone would look like motion, and draw the clocks to the middle between two images.
    if target.span > 0, abs(r1 - r0) > 5.5 * others {
      hit.speed = (r1 - r0) / target.span
      // Motion is not straight: limbs swing at about a hertz.
      let bend = 0.7 * hit.speed * target.span * target.span
      variance += bend * bend
    }
    hit.normal = hit.normal.normalized
    hit.sigma = variance.squareRoot()
    return hit
  }

  @inline(__always)
  private func add(_ hit: Hit, _ p: SIMD3<Float>, _ sums: inout PairSums) {
    sums.matched += 1
    let r = hit.distance
    if abs(r) < 0.05 {
      sums.near += 1
      sums.nearSquares += Double(r * r)
    }
    let sigma = hit.sigma * rule.noise
    let width = max(rule.width, 3 * sigma)
    let shape = width * width / (width * width + r * r)
    let robust = shape * shape
    sums.robust += Double(robust)
    sums.robustSquares += Double(robust * r * r / (hit.sigma * hit.sigma))
    let weight = Double(robust / (sigma * sigma))
    let n = toPose.rotate(hit.normal)
    addEquation(n, hit.speed, p, residual: r, weight: weight, shape: shape, &sums)
    // The normals are as noisy as the depth.
    let turn = hit.normalDeviation * min(1, rule.noise)
    let aside: SIMD3<Float> = abs(n.x) < 0.6 ? SIMD3(1, 0, 0) : SIMD3(0, 1, 0)
    let s = n.cross(aside).normalized
    for t in [s, n.cross(s)] { addSpurious(t, p, weight * Double(turn * turn), &sums) }
  }

  /// Least change of grey values by a pixel that counts as something drawn: several times the noise.
  private static let drawn: Float = 4
  /// Noise of a smoothed image's change by a pixel, grey values.
  private static let slopeNoise: Float = 1

  /// What is drawn on a surface must be the same to both cameras.
  @inline(__always)
  private func add(
    _ seen: GreySlope, own: Float, _ tone: Tone, _ p: SIMD3<Float>, _ hit: Hit,
    _ sums: inout PairSums
  ) {
    let r = seen.value - (tone.gain * own + tone.bias)
    guard let deviation = tone.deviation else {
      return sums.tone.add(own: own, other: seen.value, weight: 1)
    }
    let width = 3 * deviation
    let shape = width * width / (width * width + r * r)
    let robust = shape * shape
    sums.tone.add(own: own, other: seen.value, weight: robust)
    guard seen.steepness > Self.drawn else { return }
    sums.tone.drawn += 1
    sums.tone.robust += Double(robust)
    sums.tone.robustSquares += Double(robust * r * r)
    let weight = configuration.colorWeight * Double(robust / (deviation * deviation))
    let slope = toPose.rotate(seen.slope)
    addEquation(slope, 0, p, residual: r, weight: weight, shape: shape, &sums)
    let noise = Double(Self.slopeNoise * Self.slopeNoise)
    addSpurious(toPose.rotate(seen.noise.0), p, weight * noise, &sums)
    addSpurious(toPose.rotate(seen.noise.1), p, weight * noise, &sums)
  }

  /// A residual that changes by `slope · motion` of the point, and by `speed` with time.
  ///
  /// - Parameter shape: `c² / (c² + r²)` of Geman and McClure's weight, its square. The score `w r`
  ///   changes with r by `w (4 shape - 3)`.
  @inline(__always)
  private func addEquation(
    _ slope: SIMD3<Float>, _ speed: Float, _ p: SIMD3<Float>, residual r: Float, weight: Double,
    shape: Float, _ sums: inout PairSums
  ) {
    let m = p.cross(slope)
    let row: [7 of Double] = [
      Double(m.x), Double(m.y), Double(m.z), Double(slope.x), Double(slope.y), Double(slope.z),
      Double(speed),
    ]
    var k = 0
    for i in 0..<PairSums.size {
      let scaled = weight * row[i]
      sums.right[i] += scaled * Double(r)
      for j in i..<PairSums.size {
        sums.matrix[k] += scaled * row[j]
        k += 1
      }
    }
    guard rule.byPlace else { return }
    let bend = weight * Double(4 * shape - 3)
    k = 0
    for i in 0..<PairSums.size {
      for j in i..<PairSums.size {
        sums.curvature[k] += bend * row[i] * row[j]
        k += 1
      }
    }
    let cell = (p * 4).rounded(.down)
    let place =
      (Int(cell.x) & 7) << 6 | (Int(cell.y) & 7) << 3 | Int(cell.z) & 7
    for i in 0..<PairSums.size {
      sums.byPlace[PairSums.size * place + i] += weight * row[i] * Double(r)
    }
  }

  /// What noise of a slope along `t` adds to the matrix.
  @inline(__always)
  private func addSpurious(
    _ t: SIMD3<Float>, _ p: SIMD3<Float>, _ weight: Double, _ sums: inout PairSums
  ) {
    let m = p.cross(t)
    let row: [7 of Double] = [
      Double(m.x), Double(m.y), Double(m.z), Double(t.x), Double(t.y), Double(t.z), 0,
    ]
    var k = 0
    for i in 0..<PairSums.size {
      for j in i..<PairSums.size {
        sums.spurious[k] += weight * row[i] * row[j]
        k += 1
      }
    }
  }
}
