// How many threads work: as many as make a step shortest, found by trying.
//
// The bits of the result do not depend on it, so it may change at any time. A second thread is worth its while or not
// by the size of a step and by what else the machine has to do: where another program wants a core, threads that wait
// for each other at every layer wait for that program too.
#pragma once

#include "simd.h"

namespace lw {
namespace LW_ISA {

class Tuner {
    static constexpr int MOST = 12;
    static constexpr double TRIAL = 0.003;                   // seconds for each number of threads that is tried
    static constexpr double SHORTEST = 0.05, LONGEST = 4.0;  // between two rounds of trials
    static constexpr double WINDOW = 0.02, WORSE = 1.5;      // a step that takes so much longer calls for a new round

public:
    // From now on at most so many.
    void limit(int threads) {
        if (threads == limit_) return;
        limit_ = threads;
        count_ = 0;
        for (int n = threads; n > 1 && count_ < MOST - 1; n /= 2) numbers_[count_++] = n;
        numbers_[count_++] = 1;
        trial_ = 0, pause_ = SHORTEST;
        steps_ = 0, seconds_ = 0;
    }

    int threads() const { return trial_ < count_ ? numbers_[trial_] : numbers_[best_]; }

    // For how long, before asking again.
    double duration(double now) const {
        if (count_ == 1) return 1e9;
        if (trial_ < count_) return TRIAL;
        return next_ > now ? next_ - now : 0;
    }

    // What came of it.
    void report(index steps, double seconds, double now) {
        if (count_ == 1 || !steps) return;
        steps_ += steps, seconds_ += seconds;
        if (trial_ < count_) {
            if (seconds_ < TRIAL) return;
            cost_[trial_] = seconds_ / double(steps_);
            if (++trial_ == count_) choose(now);
            steps_ = 0, seconds_ = 0;
            return;
        }
        if (seconds_ >= WINDOW) {
            if (seconds_ / double(steps_) > WORSE * cost_[best_]) pause_ = SHORTEST, trial_ = 0;
            steps_ = 0, seconds_ = 0;
        }
        if (now >= next_) trial_ = 0, steps_ = 0, seconds_ = 0;
    }

private:
    void choose(double now) {
        int best = 0;
        for (int i = 1; i < count_; ++i)
            if (cost_[i] < cost_[best]) best = i;
        pause_ = best == best_ && 2 * pause_ < LONGEST ? 2 * pause_ : best == best_ ? LONGEST : SHORTEST;
        best_ = best;
        next_ = now + pause_;
    }

    int limit_ = 0, count_ = 0, trial_ = 0, best_ = 0;
    int numbers_[MOST] = {};
    double cost_[MOST] = {};
    double pause_ = SHORTEST, next_ = 0;
    index steps_ = 0;
    double seconds_ = 0;
};

}  // namespace LW_ISA
}  // namespace lw
