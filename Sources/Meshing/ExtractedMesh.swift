public import CaptureCore

/// A mesh with an account of how it came about.
public struct ExtractedMesh: Equatable, Sendable {
  /// The surface: outward-facing, in world metres, closed unless trimmed.
  public var mesh: TriangleMesh
  /// What it took, and what was left out.
  public var report: MeshReport
}

/// What extracting one mesh took, and what was left out of it.
public struct MeshReport: Codable, Equatable, Sendable {
  /// Points at which the field was asked for a distance.
  public var distanceQueries = 0
  /// Points at which it was asked for a distance and gradient.
  public var gradientQueries = 0
  /// Points at which it was asked for a colour.
  public var colorQueries = 0
  /// Points at which the observations were asked whether they are free.
  public var freedomQueries = 0
  /// Number of vertices and faces of the mesh.
  public var vertices = 0, faces = 0
  /// Connected surfaces that were found.
  public var components = 0
  /// Of these, dropped because they are too small, unobserved, or hollows.
  public var smallComponents = 0, unobservedComponents = 0, hollowComponents = 0
  /// Vertices where carving, not the field, ends the surface, before trimming.
  public var carvedVertices = 0
  /// Vertices that no camera saw, before trimming; 0 where nothing was observed.
  public var unseenVertices = 0
  /// Faces of the mesh that close the surface at the boundary of the box: the subject goes on beyond.
  public var boxFaces = 0
  /// Faces that close it at the floor instead: soles, hems.
  public var floorFaces = 0
  /// Area of ``boxFaces``, square metres.
  public var boxArea: Float = 0

  /// A report of nothing yet.
  public init() {}
}
