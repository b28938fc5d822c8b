// The samples of a data set: rows in, losses and right answers out.
#pragma once

#include "losses.h"
#include "network.h"
#include "rows.h"

namespace lw {
namespace LW_ISA {

// A step's rows, in the order of the epoch.
template <class T>
struct Batch {
    index start, rows;
    std::int64_t step;
    T scale;             // of the gradient: 1 / rows, or 1 / the sum of their weights
    const bool& ending;  // whether the gradient is to be kept; the first thread says so before the first barrier
    index place = 0;     // of its first row in the batch that it is a shard of
};

// Where the last layer's outputs, turned, become losses: some blocks of LANES rows (losses.h). `y` holds the outputs
// or, where a softmax at the end is done here, its input; `t` is room for the targets; `d` is where the gradient goes.
template <class T>
struct LossBlocks {
    T *y, *t, *d;
    index blocks;
    bool softmax;
};
constexpr index MOST_BLOCKS = 10;

template <class T>
class Samples {
    static constexpr int L = LANES<T>;

public:
    explicit Samples(const Plan& plan) : plan_(plan) {}

    void set(const Data& data) {
        data_ = &data;
        copy(data.factor, factor_, factor_wide_), copy(data.offset, offset_, offset_wide_);
        one_hot_ = !data.dense && plan_.n_out > 1 && data.off == 0 && data.on == 1;
    }

    index count() const { return data_->n; }
    index row_bytes() const { return plan_.n_in * element_size(data_->element); }
    const char* X() const { return static_cast<const char*>(data_->X); }
    const Input& input() const { return *data_; }
    index row_at(index position) const { return order_ ? index(order_[position]) : position; }

    // The order of the epoch; null: as they lie.
    void set_order(const std::int64_t* order) { order_ = order; }
    const std::int64_t* order() const { return order_; }

    // Room for the losses of so many rows of a batch.
    void make_room(index rows) {
        if (rows <= room_) return;
        room_ = rows;
        losses_ = Lines<T>(rows), right_ = Lines<T>(rows), weights_ = Lines<T>(rows);
    }

    // A row into a batch's panels, whose lines for it lie `stride` apart.
    void read(index position, T* to, index stride) const {
        read(data_->X, data_->element, row_at(position), to, stride);
    }
    void read(const void* X, Element element, index row, T* to, index stride) const {
        const bool wide = factor_ && element_size(element) > 2 && element != own();
        if (wide)
            read_row_of<T, double>(element, X, row, plan_.n_in, offset_wide_, factor_wide_, to, stride);
        else
            read_row_of<T, T>(element, X, row, plan_.n_in, offset_, factor_, to, stride);
    }
    // The row will be read soon.
    void ask_for(index position) const {
        if (!order_ || position >= data_->n) return;
        const char* row = X() + order_[position] * row_bytes();
        for (index at = 0; at < row_bytes(); at += LINE) __builtin_prefetch(row + at, 0, 2);
    }

    // Whether rows are numbers of T that are not scaled.
    bool as_they_are(Element element) const { return element == own() && !factor_; }

    T scale(index start, index rows) const {
        if (!data_->weights || data_->by_rows) return 1 / T(rows);
        double total = 0;
        for (index r = 0; r < rows; ++r) total += double(weight(start + r));
        return total > 0 ? T(1 / total) : T(0);
    }

    // Losses and right answers of `rows` rows from row r of the batch on; with `learn`, the gradient by the outputs, or
    // by the last layer's input where the loss is fused with it, 0 for rows that are not there. False if a loss is not
    // finite; that of a row of weight 0 may be, as long as its outputs are finite: its target does not count.
    bool loss(const Batch<T>& batch, index r, index rows, const LossBlocks<T>& at, bool learn) {
        const index n = plan_.n_out, all = at.blocks * L;
        const Lot<T> lot{at.y, at.t, at.d, n, at.blocks};
        if (at.softmax) softmax(at.y, n, at.blocks);
        T of_rows[MOST_BLOCKS * L], right[MOST_BLOCKS * L], weights[MOST_BLOCKS * L];
        take_targets(batch.start + r, rows, all, at.t, right);
        losses(plan_.loss, one_hot_, lot, of_rows);
        if (data_->weights) {
            for (index i = 0; i < rows; ++i) weights_[r + i] = weight(batch.start + r + i);
            for (index i = 0; i < rows; ++i)
                if (weights_[r + i] == 0 && of_rows[i] - of_rows[i] != 0 && (!learn || row_is_finite(at.y, i)))
                    of_rows[i] = 0;
        }
        T not_finite = 0;  // NaN where one is
        for (index i = 0; i < rows; ++i) losses_[r + i] = of_rows[i];
        for (index i = 0; i < rows; ++i) not_finite += of_rows[i] - of_rows[i];
        score(lot, right);
        for (index i = 0; i < rows; ++i) right_[r + i] = right[i];
        if (learn) {
            for (index i = 0; i < all; ++i) weights[i] = i < rows ? batch.scale : T(0);
            if (data_->weights)
                for (index i = 0; i < rows; ++i) weights[i] *= weights_[r + i];
            losses_back(plan_.loss, lot, weights);
            if (data_->weights)
                for (index i = 0; i < rows; ++i)
                    if (weights_[r + i] == 0) clear_row(at.d, i);
            if (at.softmax && !plan_.loss.fused) softmax_back(at.y, at.d, n, at.blocks);
        }
        return not_finite == 0;
    }

    // The sums over rows of a batch, in their order; right answers are weighted too where that is asked for.
    Sums sum(index begin, index end, bool weighted_answers = false) const {
        Sums sums;
        sums.samples = end - begin;
        sums.plain = add_up(losses_ + begin, end - begin);
        sums.loss = sums.plain, sums.weight = double(end - begin);
        if (data_->weights) {
            if (!data_->by_rows) sums.weight = add_up(weights_ + begin, end - begin);
            sums.loss = weighted(losses_, begin, end);
        }
        if (data_->answers != Answers::none)
            sums.right = data_->weights && !data_->by_rows && weighted_answers ? weighted(right_, begin, end)
                                                                               : add_up(right_ + begin, end - begin);
        return sums;
    }

private:
    static constexpr Element own() { return sizeof(T) == 4 ? Element::f32 : Element::f64; }

    static void copy(const std::vector<double>& from, Lines<T>& to, Lines<double>& wide) {
        to = Lines<T>(), wide = Lines<double>();
        if (from.empty()) return;
        to = Lines<T>(index(from.size())), wide = Lines<double>(index(from.size()));
        for (std::size_t k = 0; k < from.size(); ++k) wide[k] = from[k], to[k] = T(from[k]);
    }

    // Row i of the outputs, or of their gradient, as they lie in lines.
    static index place(index i, index n, index j) { return (i / L * n + j) * L + i % L; }
    bool row_is_finite(const T* y, index i) const {
        T rest = 0;
        for (index j = 0; j < plan_.n_out; ++j) rest += y[place(i, plan_.n_out, j)] - y[place(i, plan_.n_out, j)];
        return rest == 0;
    }
    void clear_row(T* d, index i) const {
        for (index j = 0; j < plan_.n_out; ++j) d[place(i, plan_.n_out, j)] = 0;
    }

    T weight(index position) const { return static_cast<const T*>(data_->weights)[row_at(position)]; }

    // The targets of some rows, turned; and, where answers are labels, those.
    void take_targets(index position, index rows, index all, T* t, T* labels) const {
        const index n = plan_.n_out;
        if (data_->dense) {
            if (rows < all) zero(all * n, t);
            for (index i = 0; i < rows; ++i) {
                const T* from = static_cast<const T*>(data_->dense) + row_at(position + i) * n;
                for (index j = 0; j < n; ++j) t[(i / L * n + j) * L + i % L] = from[j];
            }
            return;
        }
        const std::int32_t* from = data_->labels.data();
        if (order_)
            for (index i = 0; i < rows; ++i) labels[i] = T(from[order_[position + i]]);
        else
            for (index i = 0; i < rows; ++i) labels[i] = T(from[position + i]);
        for (index i = rows; i < all; ++i) labels[i] = T(-1);
        const T off = T(data_->off), on = T(data_->on);
        const index first = n > 1 ? 0 : 1;  // the class that the first output stands for
        each_block(all / L, n, t, [&](index b, T* t) {
            for (index j = 0; j < n; ++j) {
                const T here = T(first + j);
                for (int i = 0; i < L; ++i) t[j * L + i] = labels[b * L + i] == here ? on : off;
            }
        });
    }

    // Whether the answers are right, or the share of them that is; `right` holds the labels before, where these are the
    // answers.
    void score(const Lot<T>& lot, T* right) const {
        if (data_->answers == Answers::none) return;
        if (data_->answers == Answers::share) return shares(lot, T(data_->threshold), right);
        T said[MOST_BLOCKS * L];
        greatest(lot.y, lot.n, lot.blocks, said);
        if (data_->answers == Answers::greatest) greatest(lot.t, lot.n, lot.blocks, right);
        for (index i = 0; i < lot.blocks * L; ++i) right[i] = said[i] == right[i] ? T(1) : T(0);
    }

    double weighted(const T* x, index begin, index end) const {
        double sum = 0;
        for (index r = begin; r < end; ++r) sum += double(x[r]) * double(weights_[r]);
        return sum;
    }

    static double add_up(const T* x, index n) {
        constexpr int PARTS = 16;
        double parts[PARTS] = {};
        index r = 0;
        for (; r + PARTS <= n; r += PARTS)
            for (int j = 0; j < PARTS; ++j) parts[j] += double(x[r + j]);
        for (; r < n; ++r) parts[r % PARTS] += double(x[r]);
        for (int half = PARTS / 2; half; half /= 2)
            for (int j = 0; j < half; ++j) parts[j] += parts[j + half];
        return parts[0];
    }

    const Plan& plan_;
    const Data* data_ = nullptr;
    const std::int64_t* order_ = nullptr;
    Lines<T> factor_, offset_;
    Lines<double> factor_wide_, offset_wide_;
    bool one_hot_ = false;  // of a row's targets one is 1, and all others are 0
    index room_ = 0;
    Lines<T> losses_, right_, weights_;  // of the rows of a batch
};

}  // namespace LW_ISA
}  // namespace lw
