// swift-tools-version: 6.1
import PackageDescription

// Targets stand in the order in which a frame passes them. A stage may depend on CaptureCore, on C targets and
// on libraries that several share (images, arrays, fields, linear algebra); only CapturePipeline, fieldmesh-bench
// and tests see two stages, and only executables and tests name a backend.

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
  "Recordings", "ClockEstimation", "FrameSync", "DepthAlignment", "Calibration",
  "CalibrationFormats", "CalibrationTargets", "BundleAdjustment", "LinearAlgebra",
  "RayObservations", "DepthFusion", "NeuralFields", "FieldTraining", "Meshing", "MeshExport",
  "SurfaceMetrics", "SyntheticRigs",
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
    .systemLibrary(
      name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CBZip2", providers: [.apt(["libbz2-dev"])]),
    .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
    .systemLibrary(
      name: "CAprilTag", pkgConfig: "apriltag", providers: [.apt(["libapriltag-dev"])]),
    .target(name: "CImageCodecs", dependencies: ["CTurboJPEG", "CPNG", "CDeflate"]),
    .target(name: "CFieldKernels", cxxSettings: native),
    .target(name: "CSurfaceCut", cxxSettings: native),
    .target(name: "CDenseAlgebra", cxxSettings: native),
    .target(name: "CTargetDetection", dependencies: ["CAprilTag"]),
    .target(name: "CBundleAdjustment", cxxSettings: native),

    .target(name: "CaptureCore", dependencies: ["CCrypto"], swiftSettings: strict),
    stage("LinearAlgebra", ["CDenseAlgebra"], exclude: ["README.md"]),
    stage("ImageFiles", ["CImageCodecs"]),
    stage("NumpyFiles", ["CZlib"]),
    stage("Pictures", ["ImageFiles"]),
    stage("Matroska", ["CDeflate"], exclude: ["README.md"]),
    stage(
      "Recordings", ["CBZip2", "CLZ4", "ImageFiles", "Matroska", "NumpyFiles"]),
    stage("ClockEstimation", exclude: ["README.md"]),
    stage("FrameSync"),
    stage("DepthAlignment", ["LinearAlgebra"], exclude: ["README.md"]),
    stage("Calibration"),
    stage(
      "CalibrationTargets", ["CTargetDetection", "LinearAlgebra"], exclude: ["README.md"]),
    stage("BundleAdjustment", ["CBundleAdjustment", "LinearAlgebra"], exclude: ["README.md"]),
    stage("CalibrationFormats", ["NumpyFiles"], exclude: ["README.md"]),
    stage("RayObservations", ["CSurfaceCut"], exclude: ["README.md"]),
    stage("DepthFusion"),
    stage("NeuralFields"),
    stage("FieldBackendCPU", ["NeuralFields", "CFieldKernels"]),
    stage("FieldTraining", ["LinearAlgebra", "NeuralFields"], exclude: ["README.md"]),
    stage("Meshing", exclude: ["README.md"]),
    stage("MeshExport"),
    stage("SurfaceMetrics", ["NumpyFiles"]),
    stage("SyntheticRigs"),
    stage("CapturePipeline", stages + [log]),
    // Of many takes: it sees runs, not stages.
    stage("BatchEngine", ["CapturePipeline"], exclude: ["README.md"]),
    .executableTarget(
      name: "fieldmesh",
      dependencies: [
        "BatchEngine", "CapturePipeline", "SyntheticRigs", "NeuralFields", "FieldBackendCPU",
        arguments, log,
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "fieldmesh-bench",
      dependencies: ["CapturePipeline", "FieldBackendCPU", arguments] + stages,
      swiftSettings: strict),

    .target(
      name: "CaptureTestSupport", dependencies: ["CaptureCore"], path: "Tests/CaptureTestSupport",
      swiftSettings: strict),
    .target(name: "CBoardDrawing", path: "Tests/CBoardDrawing", cxxSettings: native),
    .target(
      name: "BoardFixtures",
      dependencies: [
        "CBoardDrawing", "CalibrationTargets", "CaptureCore", "CaptureTestSupport", "LinearAlgebra",
        "Recordings",
      ], path: "Tests/BoardFixtures", swiftSettings: strict),
    .target(
      name: "RecordingFixtures",
      dependencies: [
        "CaptureCore", "CaptureTestSupport", "CBZip2", "CLZ4", "ImageFiles", "NumpyFiles",
        "Recordings", "SyntheticRigs",
      ], path: "Tests/RecordingFixtures", swiftSettings: strict),
    .target(
      name: "FuzzTargets",
      dependencies: [
        "Calibration", "CalibrationFormats", "CalibrationTargets", "CaptureCore",
        "CapturePipeline", "FieldBackendCPU", "FieldTraining", "ImageFiles", "Matroska",
        "MeshExport", "NeuralFields", "NumpyFiles",
        "RecordingFixtures", "Recordings",
      ], path: "Tests/FuzzTargets", swiftSettings: strict),
    .target(name: "CHeapProbe", path: "Tests/CHeapProbe"),
    tests("CaptureCoreTests", []),
    tests("LinearAlgebraTests", ["LinearAlgebra"]),
    tests(
      "RecordingsTests",
      [
        "RecordingFixtures", "Recordings", "FrameSync", "Calibration", "ImageFiles", "Matroska",
        "NumpyFiles",
      ],
      exclude: ["Genuine"]),
    tests(
      "CalibrationTargetsTests", ["BoardFixtures", "CalibrationTargets", "ImageFiles"]),
    tests("BundleAdjustmentTests", ["BundleAdjustment", "CBundleAdjustment", "LinearAlgebra"]),
    tests("ClockEstimationTests", ["ClockEstimation", "FrameSync", "SyntheticRigs"]),
    tests("DepthAlignmentTests", ["DepthAlignment"]),
    tests("CalibrationFormatsTests", ["CalibrationFormats", "NumpyFiles"]),
    tests("FuzzTests", ["FuzzTargets"], exclude: ["Inputs"]),
    tests("RayObservationsTests", ["RayObservations", "DepthFusion"]),
    tests(
      "FieldTests",
      ["CFieldKernels", "CHeapProbe", "NeuralFields", "FieldBackendCPU", "FieldTraining"]),
    tests("MeshingTests", ["Meshing", "MeshExport", "DepthFusion"]),
    tests("SurfaceMetricsTests", ["SurfaceMetrics", "NumpyFiles", "Pictures", "ImageFiles"]),
    tests("SyntheticRigsTests", ["SyntheticRigs", "Recordings", "FrameSync"]),
    tests("BatchEngineTests", ["BatchEngine", "CapturePipeline"]),
    tests(
      "EndToEndTests",
      [
        "BatchEngine", "BoardFixtures", "CapturePipeline", "FieldBackendCPU", "RecordingFixtures",
        "fieldmesh",
      ]
        + stages,
      exclude: ["Goldens"]),
  ],
  cxxLanguageStandard: .cxx20
)

// `scripts/fuzz` links libFuzzer, which only its own build has.
if Context.environment["FIELDMESH_FUZZ"] != nil {
  package.targets += [
    .systemLibrary(name: "CFuzzer", path: "Tests/CFuzzer"),
    .executableTarget(
      name: "fieldmesh-fuzz", dependencies: ["CFuzzer", "FuzzTargets"], path: "Tests/Fuzzer",
      swiftSettings: strict),
  ]
}
