internal import CaptureCore
