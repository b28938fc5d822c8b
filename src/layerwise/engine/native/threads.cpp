#include "threads.h"

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <thread>

#if defined(_WIN32)
#include <malloc.h>
#else
#include <pthread.h>
#endif

namespace lw {
namespace {

inline void pause() {
#if defined(__x86_64__) || defined(_M_X64)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

constexpr int SPINS = 4000;  // tens of microseconds; then the machine has other work, and gets the core

struct Pool {
    std::mutex mutex;  // of what follows
    std::condition_variable wake;
    int size = 0;  // workers
    std::atomic<long> round{0};
    int wanted = 0, threads = 0;
    void (*work)(void*, int, int) = nullptr;
    void* context = nullptr;
    std::atomic<int> running{0};
    std::mutex in_use;  // one caller at a time

    void worker(int number) {
        long seen = 0;
        for (;;) {
            // The next piece of work often comes at once, and to be woken takes as long as a small one.
            for (int spin = 0; spin < SPINS && round.load(std::memory_order_relaxed) == seen; ++spin) pause();
            std::unique_lock<std::mutex> lock(mutex);
            wake.wait(lock, [&] { return round != seen; });
            seen = round;
            const bool mine = number < wanted;
            auto f = work;
            void* c = context;
            const int n = threads;
            lock.unlock();
            if (!mine) continue;
            f(c, number, n);
            running.fetch_sub(1, std::memory_order_release);
        }
    }

    // Workers 1 ... n - 1; fewer where the system gives no more.
    int grow(int n) {
        while (size + 1 < n) {
            try {
                const int number = size + 1;
                std::thread([this, number] { worker(number); }).detach();
                ++size;
            } catch (...) {
                break;
            }
        }
        return size + 1 < n ? size + 1 : n;
    }
};

std::atomic<Pool*> pool{nullptr};
std::mutex making;

#if !defined(_WIN32)
// A child has none of its parent's threads, and its locks may be held for ever: it starts with a new pool.
void after_fork() {
    pool.store(nullptr);
    new (&making) std::mutex;
}
#endif

Pool& the_pool() {
    Pool* p = pool.load();
    if (p) return *p;
    std::lock_guard<std::mutex> lock(making);
    p = pool.load();
    if (!p) {
#if !defined(_WIN32)
        static bool registered = pthread_atfork(nullptr, nullptr, after_fork) == 0;
        (void)registered;
#endif
        pool.store(p = new Pool);  // for the life of the process: workers may outlast main
    }
    return *p;
}

}  // namespace

int run_in_threads(int n, void (*f)(void*, int, int), void* context) {
    if (n > 1) {
        Pool& p = the_pool();
        std::unique_lock<std::mutex> mine(p.in_use, std::try_to_lock);
        if (mine.owns_lock() && (n = p.grow(n)) > 1) {
            {
                std::lock_guard<std::mutex> lock(p.mutex);
                p.work = f, p.context = context, p.wanted = n, p.threads = n;
                p.running.store(n - 1);
                ++p.round;
            }
            p.wake.notify_all();
            f(context, 0, n);
            for (int spin = 0; p.running.load(std::memory_order_acquire); ++spin)
                if (spin < SPINS)
                    pause();
                else
                    std::this_thread::yield();
            return n;
        }
    }
    f(context, 0, 1);
    return 1;
}

void Barrier::wait(int n) {
    if (n == 1) return;
    const int round = round_.load(std::memory_order_acquire);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == n) {
        arrived_.store(0, std::memory_order_relaxed);
        round_.store(round + 1, std::memory_order_release);
        return;
    }
    for (int spin = 0; round_.load(std::memory_order_acquire) == round; ++spin)
        if (spin < SPINS)
            pause();
        else
            std::this_thread::yield();
}

void* allocate_lines(std::size_t bytes) {
    const std::size_t whole = (bytes + 63) / 64 * 64 + 64;
#if defined(_WIN32)
    void* p = _aligned_malloc(whole, 64);
#else
    void* p = std::aligned_alloc(64, whole);
#endif
    if (!p) throw std::bad_alloc();
    std::memset(p, 0, whole);
    return p;
}

void free_lines(void* p) {
#if defined(_WIN32)
    _aligned_free(p);
#else
    std::free(p);
#endif
}

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace lw
