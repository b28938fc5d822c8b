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
    static constexpr index CHUNK = 8;                                                         // pictures
    static constexpr std::uint32_t AFFINE = 1u << 31, FIELD = AFFINE + 1, NOISE = AFFINE + 2;  // the draws: philox.py's layers

    // What a thread works with.
    struct Space {
        Lines<float> padded;        // the picture, a plane a channel, within its border
        Lines<float> field[2];      // displacements down and to the right, in panels
        Lines<float> half_smooth;   // both of them, smoothed along columns only, in panels
        Lines<float> flat;          // a field, pixel by pixel, as it is drawn; the draws of the noise
        Lines<float> values;        // of the changed picture
    };
    // Where a pixel comes from: m (i, j, 1).
    struct Map {
        float m[2][3];
    };

public:
    explicit Augmenter(const Augment& job)
        : job_(job), height_(job.height), width_(job.width), channels_(job.channels), panels_(lines(job.width, L)),
          stride_(width_ + 3), plane_((height_ + 3) * stride_), size_(height_ * width_ * channels_),
          moves_(job.shift != 0 || job.rotation != 0 || job.scale != 0 || job.shear != 0 || job.of_rows) {
        if (!job.of_rows) return;
        of_columns_ = Lines<float>(panels_ * width_ * L);
        for (index k = 0; k < width_; ++k)
            for (index j = 0; j < width_; ++j) of_columns_[(j / L * width_ + k) * L + j % L] = job.of_columns[k * width_ + j];
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
        const index field = panels_ * height_ * L;
        s.values = Lines<float>(size_ + L);
        if (moves_) {
            s.padded = Lines<float>(channels_ * plane_);
            for (index k = 0; k < channels_ * plane_; ++k) s.padded[k] = float(job_.fill);
        }
        if (job_.of_rows)
            for (auto& f : s.field) f = Lines<float>(field);
        if (job_.of_rows) s.half_smooth = Lines<float>(2 * field);
        if (job_.of_rows || job_.noise != 0) s.flat = Lines<float>(2 * (size_ + 4 * BLOCKS + L));
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
        if (moves_) {
            pad(from, s.padded);
            if (job_.of_rows) draw_field(step, s);
            if (channels_ == 1)
                sample<true>(map(step), s);
            else
                sample<false>(map(step), s);
        } else {
            float* values = s.values;
            LW_INDEPENDENT
            for (index k = 0; k < size_; ++k) values[k] = float(from[k]);
        }
        if (job_.noise != 0) add_noise(step, s);
        finish(s.values, static_cast<S*>(job_.out) + i * size_);
    }

    template <class S>
    void pad(const S* from, float* padded) const {
        for (index c = 0; c < channels_; ++c)
            for (index i = 0; i < height_; ++i) {
                float* to = padded + c * plane_ + (i + 1) * stride_ + 1;
                const S* line = from + i * width_ * channels_ + c;
                if (channels_ == 1)
                    LW_INDEPENDENT
                    for (index j = 0; j < width_; ++j) to[j] = float(line[j]);
                else
                    for (index j = 0; j < width_; ++j) to[j] = float(line[j * channels_]);
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
        const index pixels = height_ * width_, field = panels_ * height_ * L;
        float *down = s.flat, *right = down + size_ + 4 * BLOCKS + L;
        for (index k = 0; k < pixels; k += 4 * BLOCKS)
            philox_words(job_.seed, step, FIELD, std::uint32_t(k / 4), [&](int i, auto... words) {
                const std::uint32_t w[] = {words...};
                for (int n = 0; n < 4; ++n) {
                    down[k + 4 * i + n] = uniform(w[n] >> 16);
                    right[k + 4 * i + n] = uniform(w[n] & 0xFFFF);
                }
            });
        float* half = s.half_smooth;
        for (int d = 0; d < 2; ++d) {
            to_panels(d ? right : down, s.field[d]);
            Product<float> columns{job_.of_rows, height_, s.field[d], L, height_ * L, half, height_ * L, height_};
            multiply<float, From::matrix>(height_, width_, columns);
            Product<float> rows{half, height_ * L, of_columns_, L, width_ * L, s.field[d], height_ * L, width_};
            multiply<float, From::lines>(height_, width_, rows);
        }
        (void)field;
    }
    static float uniform(std::uint32_t half) { return float(2 * std::int32_t(half) - 65535) * 0x1p-16f; }

    void to_panels(const float* flat, float* to) const {
        for (index p = 0; p < panels_; ++p)
            for (index i = 0; i < height_; ++i, to += L)
                for (int r = 0; r < L; r += WIDTH<float>) store(to + r, load(flat + i * width_ + p * L + r));
    }

    template <bool SINGLE>
    void sample(const Map& map, const Space& s) const {
        const float low = float(height_ + 1), right = float(width_ + 1);
        const float *padded = s.padded, *dy = s.field[0], *dx = s.field[1];
        float* to = s.values;
        const std::int32_t stride = std::int32_t(stride_);
        for (index i = 0; i < height_; ++i) {
            const float y0 = map.m[0][0] * float(i) + map.m[0][2], x0 = map.m[1][0] * float(i) + map.m[1][2];
            for (index p = 0; p < panels_; ++p) {
                const index at = (p * height_ + i) * L, n = lesser(L, width_ - p * L);
                float v[L], u[L];
                std::int32_t place[L];
                for (int j = 0; j < L; ++j) {
                    const float column = float(p * L + j);
                    float y = y0 + map.m[0][1] * column, x = x0 + map.m[1][1] * column;
                    if (dy) y += dy[at + j], x += dx[at + j];
                    y += 1, x += 1;  // within the border
                    y = y > 0 ? y : 0, x = x > 0 ? x : 0;
                    y = y < low ? y : low, x = x < right ? x : right;
                    const std::int32_t top = std::int32_t(y), left = std::int32_t(x);
                    v[j] = y - float(top), u[j] = x - float(left);
                    place[j] = top * stride + left;
                }
                for (index c = 0; c < channels_; ++c) {
                    const float* corner = padded + c * plane_;
                    float value[L];
                    for (int j = 0; j < L; ++j) {
                        const float* q = corner + place[j];
                        const float upper = (1 - u[j]) * q[0] + u[j] * q[1];
                        const float lower = (1 - u[j]) * q[stride] + u[j] * q[stride + 1];
                        value[j] = (1 - v[j]) * upper + v[j] * lower;
                    }
                    float* here = to + (i * width_ + p * L) * channels_ + c;
                    if (SINGLE)
                        for (int r = 0; r < L; r += WIDTH<float>) store(here + r, load(value + r));
                    else
                        for (index j = 0; j < n; ++j) here[j * channels_] = value[j];
                }
            }
        }
    }

    // Box and Muller's normal numbers; the sine and cosine of 2 phi from those of phi, by their Taylor series.
    void add_noise(std::uint64_t step, const Space& s) const {
        const index half = (size_ + 1) / 2;
        float *u = s.flat, *values = s.values;
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

    static void finish(const float* values, std::uint8_t* out, index n) {
        LW_INDEPENDENT
        for (index k = 0; k < n; ++k) {
            const float x = values[k] > 0 ? values[k] : 0;
            out[k] = std::uint8_t(std::int32_t((x < 255 ? x : 255) + 0.5f));
        }
    }
    template <class S>
    static void finish(const float* values, S* out, index n) {
        LW_INDEPENDENT
        for (index k = 0; k < n; ++k) out[k] = S(values[k]);
    }
    template <class S>
    void finish(const float* values, S* out) const {
        finish(values, out, size_);
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
