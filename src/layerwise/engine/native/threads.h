// Threads that wait for work, and a barrier for those at work.
#pragma once

#include <atomic>
#include <cstddef>

namespace lw {

// Runs f(context, 0) ... f(context, n - 1), the first in the calling thread, and waits for all. Where the workers are
// busy for another thread of Python's, or cannot be had, the caller must do with fewer: returns how many took part.
int run_in_threads(int n, void (*f)(void* context, int thread, int threads), void* context);

void* allocate_lines(std::size_t bytes);  // zeroed, aligned to 64 bytes
void free_lines(void* p);

double seconds();

// All n threads wait for the last. They spin, since a step takes microseconds.
class Barrier {
public:
    void wait(int n);

private:
    alignas(64) std::atomic<int> arrived_{0};
    alignas(64) std::atomic<int> round_{0};
};

}  // namespace lw
