internal import CaptureCore

/// A ``Figure`` as a signed distance field with the colours that the cameras see.
struct FigureField: ScalarField {
  let figure: Figure

  func distances(
    at points: UnsafeBufferPointer<SIMD3<Float>>, into distances: UnsafeMutableBufferPointer<Float>
  ) {
    figure.withAll { primitives, active in
      for i in points.indices { distances[i] = Figure.distance(points[i], primitives, active) }
    }
  }

  func gradients(
    at points: UnsafeBufferPointer<SIMD3<Float>>, into distances: UnsafeMutableBufferPointer<Float>,
    gradients: UnsafeMutableBufferPointer<SIMD3<Float>>
  ) {
    figure.withAll { primitives, active in
      for i in points.indices {
        distances[i] = Figure.distance(points[i], primitives, active)
        gradients[i] = Figure.gradient(points[i], primitives, active)
      }
    }
  }

  func colors(
    at points: UnsafeBufferPointer<SIMD3<Float>>,
    into colors: UnsafeMutableBufferPointer<SIMD3<Float>>
  ) -> Bool {
    figure.withAll { primitives, active in
      for i in points.indices {
        let normal = Figure.gradient(points[i], primitives, active).normalized
        colors[i] = Light.shade(Figure.albedo(points[i], figure, active), normal: normal)
      }
    }
    return true
  }
}
