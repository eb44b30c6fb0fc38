#!/bin/bash
# One AFL++ instance of many over a shared directory; docs/cluster.md.
#   afl-main-secondary.sh I DIR [SECONDS]
# Instance 0 is the main one (-M), which takes all that the others found; the
# others (-S) take what the main one has.
# Machines may share DIR; each instance writes below a name of its own.
# After ci/build afl. VMTRUNC_KERNEL and VMTRUNC_PROPERTY: docs/engines.md.
set -euo pipefail
unset CDPATH  # cd would go elsewhere, and print where
# shellcheck source=ci/usage
. -- "$(dirname -- "$0")/../usage"
number=${1:-} shared=${2:-} seconds=${3:-0}
# Rubbish would be the main instance, of which there is one.
[[ $number =~ ^(0|[1-9][0-9]{0,8})$ ]] ||
  usage "the number of an instance, 0 for the main one" "$number"
[ -n "$shared" ] || usage "a directory" "$shared"
[[ $seconds =~ ^(0|[1-9][0-9]{0,8})$ ]] ||
  usage "seconds, 0 for no limit" "$seconds"
[ $# -le 3 ] || usage "three arguments at most" "$4"
refuse() { echo "ci/cluster/${0##*/}: $1" >&2; exit 2; }
bin=$(cd -- "$(dirname -- "$0")/../.." && pwd)/build/afl/bin
[ -x "$bin/fuzz_truncate" ] ||
  refuse "expected build/afl/bin/fuzz_truncate, as ci/build afl makes it"
# Of what it does not take afl-fuzz only says that a handshake failed.
status=0
said=$(printf '\0' | "$bin/fuzz_truncate" /dev/stdin 2>&1) || status=$?
[ "$status" -ne 2 ] || refuse "${said##*$'\n'}"

mkdir -p -- "$shared/in" "$shared/out"
# AFL++ takes no empty corpus. All write the same; a pipe would wait, and what a link
# leads to is somebody's.
zero=$shared/in/zero
{ [ -f "$zero" ] || [ ! -e "$zero" ]; } && [ ! -L "$zero" ] ||
  refuse "$zero: expected a regular file, or none"
[ -s "$zero" ] || printf '\0' >"$zero"
role=(-S "secondary-$number")
[ "$number" -ne 0 ] || role=(-M main)
[ "$seconds" -eq 0 ] || role+=(-V "$seconds")

# A job that is started again continues with its own queue.
export AFL_AUTORESUME=1
export AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 \
  AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1
export AFL_CUSTOM_MUTATOR_LIBRARY=$bin/libafl_mutator.so AFL_CUSTOM_MUTATOR_ONLY=1
exec afl-fuzz -i "$shared/in" -o "$shared/out" "${role[@]}" -- "$bin/fuzz_truncate"
