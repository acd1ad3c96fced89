// swift-tools-version: 6.1
import PackageDescription

// Targets stand in the order in which a frame passes them. A stage may depend on CaptureCore and
// on C targets; only CapturePipeline sees two stages, and only the executables name a backend.

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]
let native: [CXXSetting] = [.define("NDEBUG", .when(configuration: .release))]

func stage(
  _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []
) -> Target {
  .target(
    name: name, dependencies: ["CaptureCore"] + dependencies, exclude: exclude,
    swiftSettings: strict)
}
func tests(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
  .testTarget(
    name: name, dependencies: ["CaptureCore", "CaptureTestSupport"] + dependencies,
    exclude: exclude, swiftSettings: strict)
}
let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let arguments: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")
let stages: [Target.Dependency] = [
  "Recordings", "ClockEstimation", "FrameSync", "Calibration", "RayObservations", "DepthFusion",
  "NeuralFields", "FieldTraining", "Meshing", "MeshExport", "SurfaceMetrics", "SyntheticRigs",
  "ImageFiles", "NumpyFiles", "Pictures",
]

let package = Package(
  name: "fieldmesh",
  products: [
    .executable(name: "fieldmesh", targets: ["fieldmesh"]),
    .executable(name: "fieldmesh-bench", targets: ["fieldmesh-bench"]),
    .library(name: "CapturePipeline", targets: ["CapturePipeline"]),
    .library(name: "FieldBackendCPU", targets: ["FieldBackendCPU"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
  ],
  targets: [
    .systemLibrary(
      name: "CTurboJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CImageCodecs", dependencies: ["CTurboJPEG", "CPNG"]),
    .target(name: "CFieldKernels", cxxSettings: native),

    .target(name: "CaptureCore", swiftSettings: strict),
    stage("ImageFiles", ["CImageCodecs"]),
    stage("NumpyFiles", ["CZlib"]),
    stage("Pictures", ["ImageFiles"]),
    stage("Recordings", ["ImageFiles", "NumpyFiles"]),
    stage("ClockEstimation", exclude: ["README.md"]),
    stage("FrameSync"),
    stage("Calibration"),
    stage("RayObservations"),
    stage("DepthFusion"),
    stage("NeuralFields"),
    stage("FieldBackendCPU", ["NeuralFields", "CFieldKernels"]),
    stage("FieldTraining", ["NeuralFields"]),
    stage("Meshing"),
    stage("MeshExport"),
    stage("SurfaceMetrics", ["NumpyFiles"]),
    stage("SyntheticRigs"),
    stage("CapturePipeline", stages + [log]),
    .executableTarget(
      name: "fieldmesh",
      dependencies: ["CapturePipeline", "NeuralFields", "FieldBackendCPU", arguments, log],
      swiftSettings: strict),
    .executableTarget(
      name: "fieldmesh-bench",
      dependencies: ["CapturePipeline", "FieldBackendCPU", arguments] + stages,
      swiftSettings: strict),

    .target(
      name: "CaptureTestSupport", dependencies: ["CaptureCore"], path: "Tests/CaptureTestSupport",
      swiftSettings: strict),
    .target(name: "CHeapProbe", path: "Tests/CHeapProbe"),
    tests("CaptureCoreTests", []),
    tests(
      "RecordingsTests",
      ["Recordings", "FrameSync", "Calibration", "ImageFiles", "NumpyFiles"]),
    tests("ClockEstimationTests", ["ClockEstimation", "FrameSync", "SyntheticRigs"]),
    tests("RayObservationsTests", ["RayObservations", "DepthFusion"]),
    tests(
      "FieldTests",
      ["CFieldKernels", "CHeapProbe", "NeuralFields", "FieldBackendCPU", "FieldTraining"]),
    tests("MeshingTests", ["Meshing", "MeshExport", "DepthFusion"]),
    tests("SurfaceMetricsTests", ["SurfaceMetrics", "NumpyFiles", "Pictures", "ImageFiles"]),
    tests("SyntheticRigsTests", ["SyntheticRigs", "Recordings", "FrameSync"]),
    tests(
      "EndToEndTests", ["CapturePipeline", "FieldBackendCPU", "fieldmesh"] + stages,
      exclude: ["Goldens"]),
  ],
  cxxLanguageStandard: .cxx20
)
