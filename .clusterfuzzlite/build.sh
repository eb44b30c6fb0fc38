#!/usr/bin/env bash
# ClusterFuzzLite wants its build script here; there is one for both.
set -euo pipefail
exec bash "$SRC/vmtrunc/ci/oss-fuzz/build.sh"
