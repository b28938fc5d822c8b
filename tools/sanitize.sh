#!/usr/bin/env bash
# Build the native executor with sanitizers, and run its tests: tools/sanitize.sh address,undefined | thread
# The first runs the tests of the kernels in tests/native too.
# LAYERWISE_ISA=avx2 tools/sanitize.sh ... builds for that instruction set; without it, for the best of the machine.
set -euo pipefail
sanitizers=${1:?address,undefined or thread}
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile \
    numpy pytest pytest-xdist hypothesis safetensors scikit-learn nanobind cmake ninja
isas="baseline;neon"
grep -q avx2 /proc/cpuinfo 2>/dev/null && isas=avx2
grep -q avx512dq /proc/cpuinfo 2>/dev/null && isas=avx512
isas=${LAYERWISE_ISA:-$isas}
kernels=ON  # by themselves, in one thread
[ "$sanitizers" = thread ] && kernels=OFF
PATH="$work/venv/bin:$PATH" cmake -S . -B "$work/build" -G Ninja -DPython_EXECUTABLE="$work/venv/bin/python" \
    -DLAYERWISE_SANITIZE="$sanitizers" -DLAYERWISE_ISAS="$isas" -DLAYERWISE_WERROR=ON -DLAYERWISE_TESTS="$kernels" > "$work/log" || { cat "$work/log"; exit 1; }
PATH="$work/venv/bin:$PATH" cmake --build "$work/build" > "$work/log" || { cat "$work/log"; exit 1; }
for program in "$work"/build/kernels_*; do
    [ ! -x "$program" ] || "$program"
done
mkdir "$work/package" && cp -r src/layerwise "$work/package/"
rm -f "$work"/package/layerwise/_native*.so && cp "$work"/build/_native*.so "$work/package/layerwise/"

if [ "$sanitizers" = thread ]; then
    library=libtsan.so
    which="(test_native_engine and (threads or interrupted or at_once or progress or caller or lock)) or any_threads"
else
    library=libasan.so
    at_once="-n auto --dist worksteal"  # those of threads have the processors to themselves
    which="test_native or custom_formula_trains or same_bits or custom_loss_trains"
fi
# NumPy and Python are not looked at: they are built without the sanitizers.
export ASAN_OPTIONS=detect_leaks=0 TSAN_OPTIONS=ignore_noninstrumented_modules=1 OPENBLAS_NUM_THREADS=1
preload="$(${CXX:-g++} -print-file-name=$library) $(${CXX:-g++} -print-file-name=libstdc++.so.6)"
LD_PRELOAD=$preload PYTHONPATH="$work/package" \
    "$work/venv/bin/python" -m pytest -q -p no:cacheprovider tests/engine tests/test_augmentation.py -k "$which" --capture=sys ${at_once:-}
