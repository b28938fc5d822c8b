// threads.h where there is one thread: plain hosts of static files allow no shared memory.
#include "threads.h"

#include <cstdlib>
#include <cstring>

#include "javascript.h"

extern "C" __attribute__((import_module("page"), import_name("now"))) double page_now();  // in seconds

namespace lw {

int run_in_threads(int, void (*f)(void*, int, int), void* context) {
    f(context, 0, 1);
    return 1;
}

void* allocate_lines(std::size_t bytes) {
    const std::size_t whole = (bytes + 63) / 64 * 64 + 64;
    void* p = whole > bytes ? std::aligned_alloc(64, whole) : nullptr;
    if (!p) refuse("there is not enough memory");
    std::memset(p, 0, whole);
    return p;
}

void free_lines(void* p) { std::free(p); }

double seconds() { return page_now(); }

void Barrier::wait(int) {}

}  // namespace lw
