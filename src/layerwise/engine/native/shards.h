// The sum of the gradients of a process's shards (plan.h: Shards), by a binary tree: (0 + 1) + (2 + 3).
//
// What backward has done with in the last shard is summed up at once, so that it can be sent while the rest is made.
#pragma once

#include "network.h"

namespace lw {
namespace LW_ISA {

template <class T>
class ShardSums {
    static constexpr index MANY = 1 << 16;  // numbers that are worth a second thread, or a part of their own
    static constexpr int MOST_CUTS = 64;

public:
    explicit ShardSums(const Layers<T>& layers) : layers_(layers) {}

    // Where vectors of so many numbers can be cut; `groups` calls f(g) for all g from which on backward will be done.
    template <class Groups>
    int find_cuts(index length, Groups groups, index* cuts, int most) const {
        int n = 0;
        index before = length;
        groups([&](int g) {
            const index at = first_of(g);
            if (at > 0 && before - at >= MANY && n < most) cuts[n++] = before = at;
        });
        return n;
    }
    template <class Groups>
    void begin(index length, Groups groups) {
        length_ = length;
        make_room(0);
        cuts_ = find_cuts(length, groups, cut_, MOST_CUTS);
    }

    // Memory for a vector before there is a sum.
    T* room() const { return partial_[0]; }
    // That of the shard that is made now.
    T* newest() const { return sum(waiting_ - 1); }

    // make(place, vector) for each shard, and their sum.
    template <class Make>
    void run(const Shards& job, int threads, Make make) {
        job_ = &job, threads_ = threads, waiting_ = 0;
        for (index i = 0; i < job.count; ++i) {
            make_room(waiting_);
            is_last_ = i + 1 == job.count, summed_ = length_;
            ++waiting_;
            make(job.places + 3 * i, newest());
            for (index done = i + 1; done % 2 == 0 && waiting_ > 1; done /= 2, --waiting_)
                add_up(sum(waiting_ - 1), sum(waiting_ - 2), summed_);
        }
    }

    // The first thread, when backward has done with groups g and those after it: in the last shard, their part of the
    // sum is complete.
    void report(int g) {
        if (!job_->ready || !is_last_) return;
        const index begin = first_of(g);
        for (int c = 0; c < cuts_; ++c) {
            if (cut_[c] != begin) continue;
            for (int d = waiting_ - 1; d > 0; --d) add_range(sum(d), sum(d - 1), begin, summed_);
            summed_ = begin;
            job_->ready(job_->ready_context, c + 1);
        }
    }

private:
    // Those that wait for the other half of their pair; the first is where the result goes.
    T* sum(int depth) const { return depth ? static_cast<T*>(partial_[depth - 1]) : static_cast<T*>(job_->gradient); }
    void make_room(int depth) {
        while (partial_.size() <= depth) partial_.push_back(Lines<T>(length_));
    }

    // Where the parameters of groups g and those after it begin; 0 where none learns.
    index first_of(int g) const {
        for (; g < layers_.groups.size(); ++g)
            if (layers_.groups[g].learns()) return layers_.groups[g].w;
        return 0;
    }

    static void add_range(const T* from, T* to, index begin, index end) {
        LW_INDEPENDENT
        for (index i = begin; i < end; ++i) to[i] += from[i];
    }
    void add_up(const T* from, T* to, index n) {
        from_ = from, to_ = to, adding_ = n;
        run_in_threads(
            n < MANY ? 1 : threads_,
            [](void* self, int t, int threads) {
                const ShardSums& s = *static_cast<ShardSums*>(self);
                add_range(s.from_, s.to_, s.adding_ * t / threads, s.adding_ * (t + 1) / threads);
            },
            this);
    }

    const Layers<T>& layers_;
    const Shards* job_ = nullptr;
    List<Lines<T>> partial_;
    index length_ = 0, summed_ = 0;  // from summed_ on the sum is complete
    int threads_ = 1, waiting_ = 0;
    bool is_last_ = false;
    index cut_[MOST_CUTS] = {};
    int cuts_ = 0;
    const T* from_ = nullptr;  // what add_up's threads read
    T* to_ = nullptr;
    index adding_ = 0;
};

}  // namespace LW_ISA
}  // namespace lw
