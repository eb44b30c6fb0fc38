#!/usr/bin/env bash
# Builds the fuzz targets and what goes with them into $OUT, for OSS-Fuzz and
# ClusterFuzzLite: docs/oss-fuzz.md. The compiler, the engine, the sanitizer and
# all flags are the caller's; nothing here asks which they are.
#
#   SRC                 has vmtrunc/ and abseil-cpp/
#   WORK, OUT           what is between, and what is wanted
#   CC CXX CFLAGS CXXFLAGS LIB_FUZZING_ENGINE
#   VMTRUNC_KERNELS     KERNEL or NAME=KERNEL;..., to have a target for. By default
#                       those that nothing is known to break (fuzz/kernels.cmake):
#                       of the others everything reported would be known
#                       (corpus/history, corpus/found)
set -euo pipefail
kernels=-UVMTRUNC_KERNELS  # what was asked for before in this $WORK
[ -z "${VMTRUNC_KERNELS:-}" ] || kernels=-DVMTRUNC_KERNELS=$VMTRUNC_KERNELS
source=$SRC/vmtrunc
# Of its own for these flags: builders use one $WORK for several sanitizers.
build=$WORK/vmtrunc-${FUZZING_ENGINE:-engine}-${SANITIZER:-sanitizer}

# No build type, which has flags of its own. An engine may be several words.
read -r -a engine <<<"$LIB_FUZZING_ENGINE"
cmake -S "$source" -B "$build" -G Ninja \
  -DCMAKE_BUILD_TYPE= -DBUILD_TESTING=OFF -DVMTRUNC_WERROR=OFF \
  -DCMAKE_C_COMPILER="$CC" -DCMAKE_C_FLAGS="$CFLAGS" \
  -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_CXX_FLAGS="$CXXFLAGS" \
  -DVMTRUNC_COMMAND=OFF -DVMTRUNC_FUZZ=ON -DVMTRUNC_COVERAGE= \
  -DVMTRUNC_ENGINE="$(IFS=';'; echo "${engine[*]}")" \
  -DVMTRUNC_ABSL_SOURCE="$SRC/abseil-cpp" "$kernels"
rm -f "$build"/bin/fuzz_truncate_*  # of kernels that were asked for before
cmake --build "$build" --target fuzz_kernels fuzz_seeds

# One corpus for all: what breaks one kernel is where to look in another.
# corpus/bench is one script that is there for its length.
cd "$build"  # a coverage build leaves its profile where it runs
rm -rf seeds seeds.zip
bin/fuzz_seeds seeds "$source"/corpus/{seeds,history,found} \
  "$source"/corpus/{flips,regressions,distilled}
(cd seeds && zip -q -X ../seeds.zip -- *)

# Of the target that reads text: scripts, and what is none.
rm -f texts.zip
(cd "$source" && zip -q -X -r "$build/texts.zip" ci/gates.d/scripts \
  corpus/{seeds,history,found,known,flips,regressions})

for dictionary in bin/fuzz_{text,truncate_*}.dict; do
  target=${dictionary%.dict}
  cp "$target" "$target.dict" "$target.options" "$OUT/"
  seeds=seeds.zip
  [ "$target" != bin/fuzz_text ] || seeds=texts.zip
  cp "$seeds" "$OUT/$(basename "$target")_seed_corpus.zip"
done
