#!/usr/bin/env bash
# Look at the symbols of a finished build: tools/check_symbols.sh BUILD_FOLDER
# 1. What is compiled once for each instruction set has no function in common: the linker keeps one copy of a shared
#    one, and if that is the AVX-512 one (of std::vector, say), other processors stop at it.
# 2. The module exports its entry point alone, so that it meets no symbol of another library in the process.
set -euo pipefail
build=${1:?the folder of a finished build, such as build/cp313-cp313-linux_x86_64}
failed=0

sets=("$build"/CMakeFiles/body_*.dir)
[ -d "${sets[0]}" ] || { echo "$build: there are no objects of the native executor here"; exit 1; }
for set in "${sets[@]}"; do
    isa=${set##*/body_} isa=${isa%.dir}
    # W: a function that is merged with those of the same name. (V, data such as type_info, are the same in all.)
    shared=$(find "$set" -name '*.o' -exec nm -C --defined-only {} + | grep -E '^[0-9a-f]+ W ' | grep -v "lw::$isa::" || true)
    if [ -n "$shared" ]; then
        echo "$isa shares with the other instruction sets:"; echo "$shared"; failed=1
    fi
done

module=$(find "$build" -name '_native*.so' | head -n 1)
[ -n "$module" ] || { echo "$build: there is no module _native here"; exit 1; }
exported=$(nm -D -C --defined-only "$module" | grep -v ' PyInit__native$' || true)
if [ -n "$exported" ]; then
    echo "$module exports more than PyInit__native:"; echo "$exported" | cut -c1-160; failed=1
fi
[ "$failed" = 1 ] || echo "${#sets[@]} instruction sets share no symbol; $(basename "$module") exports PyInit__native alone"
exit "$failed"
