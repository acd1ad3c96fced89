# What drills share: takes to work on, and a comparison with runs that nothing disturbed. Sourced.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
fieldmesh=${FIELDMESH:-$root/.build/release/fieldmesh}
[[ -x $fieldmesh ]] || fieldmesh=$root/.build/debug/fieldmesh
[[ -x $fieldmesh ]] || { echo "drill: build fieldmesh first" >&2; exit 3; }
work=$(mktemp -d "${TMPDIR:-/tmp}/fieldmesh-drill.XXXXXX")
trap 'cleanup; rm -rf "$work"' EXIT
cleanup() { :; }

say() { printf '%s: %s\n' "$(basename "$0")" "$*"; }
fail() { say "FAILED: $*" >&2; exit 1; }

# Settings under which the whole way of a tiny take takes seconds.
settings=(--set training.width=16 --set training.depth=3 --set training.rank=2 --set training.bands=3
  --set training.steps="${STEPS:-400}" --set training.raysPerFrame=24 --set training.backgroundPerFrame=8
  --set training.uniformPerFrame=8 --set training.renderedPerFrame=1 --set training.checkpointSteps=25
  --set meshing.voxel=0.06 --set meshing.halvings=2 --set fusion.voxel=0.06
  --set observations.surveyFrames=4 --set "observations.box=[-0.9, 0.02, -0.9, 0.9, 2, 0.9]")

# takes N: so many tiny takes in $work/takes.
takes() {
  local n
  for n in $(seq "$1"); do
    "$fieldmesh" synth "$work/takes/take-$n" --tiny --frames "${FRAMES:-4}" --seed "$n" --no-truth -q
  done
}

# reference [OPTIONS]: the takes one by one, undisturbed, in $work/alone.
reference() {
  local take
  for take in "$work"/takes/*/; do
    "$fieldmesh" run "$take" -o "$work/alone/$(basename "$take")" -q "${settings[@]}" "$@"
  done
}

# same OUT: once workers have ended that outlived who had started them, every take's export is that of the undisturbed
# run, and nothing half-written is left.
same() {
  local take
  while pgrep -f " work $1 --take" >/dev/null; do sleep 0.1; done
  for take in "$work"/alone/*/; do
    diff -r -x manifest.json -x inputs.json "$take/export" "$1/takes/$(basename "$take")/export" ||
      fail "$(basename "$take") differs"
  done
  local left
  left=$(find "$1" -name '*.tmp')
  [[ -z $left ]] || fail "half-written files are left: $left"
}
