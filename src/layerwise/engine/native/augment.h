// Pictures changed at random, as augmentation.py has it: the same draws, the same places, to rounding the same values.
//
//     row ──► padded by `fill` ──► sampled at m (i, j) + d(i, j) ──► + noise ──► out
//
// A field, like any matrix of kernels.h, lies in panels of LANES columns. What a panel has beyond the picture's last
// column is computed too, and used by nobody.
#pragma once

#include "functions.h"
#include "kernels.h"
#include "network.h"
#include "philox.h"
#include "plan.h"

namespace lw {
namespace LW_ISA {

class Augmenter {
    static constexpr index L = LANES<float>;
    static constexpr index CHUNK = 8;  // pictures
    // The draws, in place of a layer in their key.
    static constexpr std::uint32_t AFFINE = 1u << 31, FIELD = AFFINE + 1, NOISE = AFFINE + 2;

    // What a thread works with.
    struct Space {
        Lines<float> padded;              // the picture, a plane a channel, within its border
        Lines<float> drawn, other_drawn;  // as they come: a field down, one to the right; the noise
        Lines<float> field[2], half_way;  // displacements down and to the right; smoothed along columns alone
        Lines<std::int32_t> corner;       // of a line: the upper left of the four pixels around each place ...
        Lines<float> down, right;         // ... how far the place lies from it ...
        Lines<float> upper, lower;        // ... the values of those two above and two below
        Lines<float> line;                // of the changed picture, in one channel
        Lines<float> values;              // of the picture, before and after
    };
    // Where a pixel comes from: m (i, j, 1).
    struct Map {
        float m[2][3];
    };

public:
    explicit Augmenter(const Augment& job)
        : job_(job), height_(job.height), width_(job.width), channels_(job.channels), panels_(lines(job.width, L)),
          stride_(panels_ * L + 3), plane_((height_ + 3) * stride_), size_(height_ * width_ * channels_),
          moves_(job.shift != 0 || job.rotation != 0 || job.scale != 0 || job.shear != 0 || job.of_rows) {
        if (!job.of_rows) return;
        of_columns_ = Lines<float>(panels_ * width_ * L);
        for (index k = 0; k < width_; ++k)
            for (index j = 0; j < width_; ++j)
                of_columns_[(j / L * width_ + k) * L + j % L] = job.of_columns[k * width_ + j];
    }

    // Threads take some pictures at a time; what becomes of one does not depend on who takes it.
    void run() {
        const int threads = int(lesser(job_.threads, lines(job_.n, CHUNK)));
        for (int t = 0; t < threads; ++t) spaces_.push_back(space());
        if (threads > 0)
            run_in_threads(threads, [](void* self, int t, int) { static_cast<Augmenter*>(self)->chunks(t); }, this);
    }

private:
    Space space() const {
        Space s;
        const index a_line = panels_ * L, field = height_ * a_line, a_draw = size_ + 4 * BLOCKS + L;
        s.values = Lines<float>(size_ + L);
        if (job_.of_rows || job_.noise != 0) s.drawn = Lines<float>(a_draw);
        if (!moves_) return s;
        s.padded = Lines<float>(channels_ * plane_);
        for (index k = 0; k < channels_ * plane_; ++k) s.padded[k] = float(job_.fill);
        s.corner = Lines<std::int32_t>(a_line), s.down = Lines<float>(a_line), s.right = Lines<float>(a_line);
        s.upper = Lines<float>(2 * a_line), s.lower = Lines<float>(2 * a_line), s.line = Lines<float>(a_line);
        if (!job_.of_rows) return s;
        s.other_drawn = Lines<float>(a_draw), s.half_way = Lines<float>(field);
        for (auto& f : s.field) f = Lines<float>(field);
        return s;
    }

    void chunks(int t) {
        for (index begin = next_++ * CHUNK; begin < job_.n; begin = next_++ * CHUNK)
            for (index i = begin; i < lesser(begin + CHUNK, job_.n); ++i) switch (job_.element) {
                    case Element::u8: change<std::uint8_t>(i, spaces_[t]); break;
                    case Element::f64: change<double>(i, spaces_[t]); break;
                    default: change<float>(i, spaces_[t]);
                }
    }

    template <class S>
    void change(index i, const Space& s) const {
        const index row = index(job_.rows[i]);
        const S* from = static_cast<const S*>(job_.X) + row * size_;
        const std::uint64_t step = std::uint64_t(job_.epoch) << 32 | std::uint64_t(row);
        read(from, size_, s.values);
        if (moves_) {
            pad(s.values, s.padded);
            if (job_.of_rows) draw_field(step, s);
            sample(map(step), s);
        }
        if (job_.noise != 0) add_noise(step, s);
        write(s.values, size_, static_cast<S*>(job_.out) + i * size_);
    }

    // A picture's values into its border, which stays as it is.
    void pad(const float* values, float* padded) const {
        const float fill = float(job_.fill);
        for (index c = 0; c < channels_; ++c)
            for (index i = 0; i < height_; ++i) {
                const float* line = values + i * width_ * channels_ + c;
                float* to = padded + c * plane_ + (i + 1) * stride_ + 1;
                if (channels_ > 1)
                    for (index j = 0; j < width_; ++j) to[j] = line[j * channels_];
                else
                    for (index k = 0; k < width_; k += L)
                        for (int j = 0; j < L; ++j) to[k + j] = k + j < width_ ? line[k + j] : fill;
            }
    }

    Map map(std::uint64_t step) const {
        float u[8];
        draw(job_.seed, step, AFFINE, 0, 6, u);
        const auto sign = [&](int k) { return 2 * double(u[k]) - 1; };
        const auto whole = [&](int k) { return __builtin_floor((2 * job_.shift + 1) * double(u[k])) - job_.shift; };
        const double theta = job_.rotation * sign(0), tall = 1 + job_.scale * sign(1), wide = 1 + job_.scale * sign(2);
        const double slant = __builtin_tan(job_.shear * sign(3));
        const double down = job_.whole_shift ? whole(4) : job_.shift * sign(4);
        const double right = job_.whole_shift ? whole(5) : job_.shift * sign(5);
        const double cos = __builtin_cos(theta), sin = __builtin_sin(theta);
        const double a[2][2] = {{cos / tall, sin / tall}, {(-sin - slant * cos) / wide, (cos - slant * sin) / wide}};
        const double centre[2] = {double(height_ - 1) / 2, double(width_ - 1) / 2};
        Map map;
        for (int d = 0; d < 2; ++d) {
            map.m[d][0] = float(a[d][0]), map.m[d][1] = float(a[d][1]);
            map.m[d][2] = float(centre[d] - a[d][0] * (centre[0] + down) - a[d][1] * (centre[1] + right));
        }
        return map;
    }

    // d = G N G: a pixel's word gives N down by its upper half, N to the right by its lower.
    void draw_field(std::uint64_t step, const Space& s) const {
        const index pixels = height_ * width_;
        float *down = s.drawn, *right = s.other_drawn;
        for (index k = 0; k < pixels; k += 4 * BLOCKS)
            philox_words(job_.seed, step, FIELD, std::uint32_t(k / 4), [&](int i, auto... words) {
                const std::uint32_t w[] = {words...};
                for (int n = 0; n < 4; ++n) {
                    down[k + 4 * i + n] = uniform(w[n] >> 16);
                    right[k + 4 * i + n] = uniform(w[n] & 0xFFFF);
                }
            });
        for (int d = 0; d < 2; ++d) {
            to_panels(d ? right : down, s.field[d]);
            Product<float> columns{job_.of_rows, height_, s.field[d], L, height_ * L, s.half_way, height_ * L, height_};
            multiply<float, From::matrix>(height_, width_, columns);
            Product<float> rows{s.half_way, height_ * L, of_columns_, L, width_ * L, s.field[d], height_ * L, width_};
            multiply<float, From::lines>(height_, width_, rows);
        }
    }
    static float uniform(std::uint32_t half) { return float(2 * std::int32_t(half) - 65535) * 0x1p-16f; }

    void to_panels(const float* flat, float* to) const {
        for (index p = 0; p < panels_; ++p)
            for (index i = 0; i < height_; ++i, to += L)
                for (int r = 0; r < L; r += WIDTH<float>) store(to + r, load(flat + i * width_ + p * L + r));
    }

    // Line by line: where its pixels come from; the four values around each of these places; what lies between them.
    void sample(const Map& map, const Space& s) const {
        for (index i = 0; i < height_; ++i) {
            find(map, i, s);
            for (index c = 0; c < channels_; ++c) {
                fetch(s.padded + c * plane_, s);
                float* to = s.values + i * width_ * channels_ + c;
                if (channels_ == 1) {
                    blend(s, to);
                } else {
                    blend(s, s.line);
                    for (index j = 0; j < width_; ++j) to[j * channels_] = s.line[j];
                }
            }
        }
    }

    void find(const Map& map, index i, const Space& s) const {
        const float bottom = float(height_ + 1), end = float(width_ + 1);
        const float y0 = map.m[0][0] * float(i) + map.m[0][2], x0 = map.m[1][0] * float(i) + map.m[1][2];
        const std::int32_t stride = std::int32_t(stride_);
        for (index p = 0; p < panels_; ++p) {
            const index at = job_.of_rows ? (p * height_ + i) * L : 0;
            const float *dy = s.field[0] + at, *dx = s.field[1] + at;
            float *down = s.down + p * L, *right = s.right + p * L;
            std::int32_t* corner = s.corner + p * L;
            LW_INDEPENDENT
            for (int j = 0; j < L; ++j) {
                const float column = float(std::int32_t(p * L) + j);
                float y = y0 + map.m[0][1] * column, x = x0 + map.m[1][1] * column;
                if (dy) y += dy[j], x += dx[j];
                y += 1, x += 1;                        // within the border
                y = y > 0 ? y : 0, x = x > 0 ? x : 0;  // not a number becomes 0, too
                y = y < bottom ? y : bottom, x = x < end ? x : end;
                const std::int32_t line = std::int32_t(y), place = std::int32_t(x);
                down[j] = y - float(line), right[j] = x - float(place);
                corner[j] = line * stride + place;
            }
        }
    }

    // Two neighbours at once.
    void fetch(const float* plane, const Space& s) const {
        float *upper = s.upper, *lower = s.lower;
        const std::int32_t* corner = s.corner;
        for (index j = 0; j < width_; ++j) {
            std::memcpy(upper + 2 * j, plane + corner[j], 2 * sizeof(float));
            std::memcpy(lower + 2 * j, plane + corner[j] + stride_, 2 * sizeof(float));
        }
    }

    void blend(const Space& s, float* to) const {
        const float *upper = s.upper, *lower = s.lower, *down = s.down, *right = s.right;
        for (index p = 0; p < panels_ * L; p += L) {
            LW_INDEPENDENT
            for (index j = p; j < p + L; ++j) {
                const float above = (1 - right[j]) * upper[2 * j] + right[j] * upper[2 * j + 1];
                const float below = (1 - right[j]) * lower[2 * j] + right[j] * lower[2 * j + 1];
                to[j] = (1 - down[j]) * above + down[j] * below;
            }
        }
    }

    // Box and Muller's normal numbers; the sine and cosine of 2 phi from those of phi, by their Taylor series.
    void add_noise(std::uint64_t step, const Space& s) const {
        const index half = (size_ + 1) / 2;
        float *u = s.drawn, *values = s.values;
        draw(job_.seed, step, NOISE, 0, 2 * half, u);
        const float strength = float(job_.noise);
        LW_INDEPENDENT
        for (index k = 0; k < half; ++k) {
            const float radius = strength * square_root(-2 * log(1 - u[k]));
            const float phi = 3.14159265f * (u[half + k] - 0.5f), square = phi * phi;
            float sin = 0, cos = 0;
            for (int i = 12; i >= 2; i -= 2) {
                sin = (sin + 1) * square / float(-i * (i + 1));
                cos = (cos + 1) * square / float(-i * (i - 1));
            }
            sin = (sin + 1) * phi, cos = cos + 1;
            u[k] = radius * (1 - 2 * sin * sin), u[half + k] = radius * 2 * sin * cos;
        }
        LW_INDEPENDENT
        for (index k = 0; k < size_; ++k) values[k] += u[k];
    }

    template <class S>
    static void read(const S* __restrict from, index n, float* __restrict values) {
        for (index k = 0; k < n; ++k) values[k] = float(from[k]);
    }
    static void write(const float* __restrict values, index n, std::uint8_t* __restrict out) {
        for (index k = 0; k < n; ++k) {
            const float x = values[k] > 0 ? values[k] : 0;
            out[k] = std::uint8_t(std::int32_t((x < 255 ? x : 255) + 0.5f));
        }
    }
    template <class S>
    static void write(const float* __restrict values, index n, S* __restrict out) {
        for (index k = 0; k < n; ++k) out[k] = S(values[k]);
    }

    const Augment& job_;
    const index height_, width_, channels_, panels_, stride_, plane_, size_;
    const bool moves_;
    Lines<float> of_columns_;  // in panels
    List<Space> spaces_;
    std::atomic<index> next_{0};
};

}  // namespace LW_ISA
}  // namespace lw
