// The products of kernels.h against three loops, for shapes around the sizes of vectors, lines and tiles.
#include <algorithm>
#include <limits>
#include <vector>

#include "check.h"
#include "kernels.h"

namespace lw {
namespace LW_ISA {
namespace {

constexpr index SIZES[] = {1, 3, 7, 8, 9, 15, 16, 17, 33, 63, 64, 65};

// Numbers from -1 to 1 that look as if they were random, and are the same everywhere.
template <class T>
class Numbers {
public:
    T operator()() {
        state_ = state_ * 6364136223846793005u + 1442695040888963407u;
        return T(double(std::int64_t(state_)) * 0x1p-63);
    }

private:
    std::uint64_t state_ = 1;
};

// Lines of LANES numbers in panels, as kernels.h has its matrices; what pads a line is 0. One line more than is needed
// lies between the panels and behind the last: nobody may write there.
template <class T>
struct Panels {
    index rows, columns, next;
    std::vector<T> memory;
    T* begin;

    Panels(index rows, index columns)
        : rows(rows), columns(columns), next((rows + 1) * LANES<T>),
          memory(std::size_t(lines(columns, LANES<T>) * next + LINE / index(sizeof(T)))) {
        const auto at = reinterpret_cast<std::uintptr_t>(memory.data());
        begin = memory.data() + (LINE - at % LINE) % LINE / sizeof(T);
    }
    T& at(index i, index j) { return begin[j / LANES<T> * next + i * LANES<T> + j % LANES<T>]; }
    void fill(Numbers<T>& numbers) {
        for (index i = 0; i < rows; ++i)
            for (index j = 0; j < columns; ++j) at(i, j) = numbers();
    }
    bool is_untouched_between() {
        bool untouched = true;
        for (index p = 0; p < lines(columns, LANES<T>); ++p)
            for (index j = 0; j < LANES<T>; ++j) untouched &= begin[p * next + rows * LANES<T> + j] == 0;
        return untouched;
    }
};

template <class T>
struct Case {
    index m, n, k;
    Panels<T> b{k, n}, c{m, n}, before{m, n};
    std::vector<T> a;     // (m, k), row by row
    std::vector<T> line;  // one for each column, in whole lines
    std::vector<T> numbers;

    Case(index m, index n, index k)
        : m(m), n(n), k(k), a(std::size_t(m * k)), line(std::size_t(lines(n, LANES<T>) * LANES<T>)),
          numbers(std::size_t(m)) {
        Numbers<T> number;
        b.fill(number), c.fill(number);
        for (T& x : a) x = number();
        for (T& x : line) x = number();
        for (T& x : numbers) x = number();
        before.memory = c.memory, before.begin = before.memory.data() + (c.begin - c.memory.data());
    }

    // What C should be, and how far from it sums of so many rounded terms may be.
    void check(Start start, End end, const char* what) {
        for (index i = 0; i < m; ++i)
            for (index j = 0; j < n; ++j) {
                const T first = start == Start::line     ? line[std::size_t(j)]
                                : start == Start::number ? numbers[std::size_t(i)]
                                : start == Start::c      ? before.at(i, j)
                                                         : T(0);
                long double sum = first, size = std::abs(first);
                for (index t = 0; t < k; ++t) {
                    const long double term = (long double)a[std::size_t(i * k + t)] * b.at(t, j);
                    sum += term, size += std::abs(term);
                }
                if (end == End::subtract) sum = before.at(i, j) - sum / 2, size += 1;
                const long double bound = (long double)std::numeric_limits<T>::epsilon() * (long double)(k + 2) * size;
                CHECK(std::abs(c.at(i, j) - sum) <= bound, "%s, %td x %td x %td at %td, %td", what, m, n, k, i, j);
            }
        CHECK(c.is_untouched_between(), "%s, %td x %td x %td", what, m, n, k);
    }

    Product<T> product(const T* of_a, index a_step, Start start) {
        Product<T> p{of_a, a_step, b.begin, LANES<T>, b.next, c.begin, c.next, k, start};
        p.from = start == Start::line ? line.data() : numbers.data();
        p.scale = T(0.5);
        return p;
    }
};

template <class T, From from, End end = End::store>
void product_of(index m, index n, index k, Start start, const char* what, index block = 0) {
    Case<T> one(m, n, k);
    Panels<T> a_lines(m, k), a_columns(k, m);
    for (index i = 0; i < m; ++i)
        for (index t = 0; t < k; ++t) a_lines.at(i, t) = one.a[std::size_t(i * k + t)];
    std::vector<T> a_turned(std::size_t(m * k));  // its i side by side
    for (index i = 0; i < m; ++i)
        for (index t = 0; t < k; ++t) a_turned[std::size_t(t * m + i)] = one.a[std::size_t(i * k + t)];
    Product<T> p = from == From::lines     ? one.product(a_lines.begin, a_lines.next, start)
                   : from == From::columns ? one.product(a_turned.data(), m, start)
                                           : one.product(one.a.data(), k, start);
    if constexpr (end == End::store)
        if (block) {
            multiply_blocks<T, from>(m, n, p, Nothing{}, block);
            return one.check(start, end, what);
        }
    multiply<T, from, end>(m, n, p);
    one.check(start, end, what);
}

template <class T>
void all_products() {
    for (const index m : SIZES)
        for (const index n : SIZES)
            for (const index k : SIZES) {
                product_of<T, From::lines>(m, n, k, Start::line, "lines");
                product_of<T, From::columns>(m, n, k, Start::number, "columns");
                product_of<T, From::matrix>(m, n, k, Start::zero, "matrix");
                product_of<T, From::columns, End::subtract>(m, n, k, Start::zero, "subtracted");
                if (k > 16) product_of<T, From::lines>(m, n, k, Start::c, "in blocks", 16);
            }
}

// A product is the same to the last bit whichever tile an element falls into: that of one line is that of many.
template <class T>
void rows_do_not_depend_on_their_neighbours() {
    const index n = 33, k = 65;
    Case<T> all(17, n, k);
    Product<T> p = all.product(all.a.data(), k, Start::line);
    multiply<T, From::matrix>(17, n, p);
    for (index i = 0; i < 17; ++i) {
        Case<T> one(17, n, k);
        Product<T> q = one.product(all.a.data() + i * k, k, Start::line);
        multiply<T, From::matrix>(1, n, q);
        for (index j = 0; j < n; ++j) CHECK(one.c.at(0, j) == all.c.at(i, j), "row %td, column %td", i, j);
    }
}

template <class T>
void transposes() {
    constexpr int L = LANES<T>;
    for (const index units : SIZES)
        for (index inputs = 1; inputs <= L; ++inputs) {
            Numbers<T> number;
            Panels<T> w(L, units);
            w.fill(number);
            std::vector<T> out(std::size_t(units * L + L), T(7));
            transpose(w.begin, w.next, inputs, units, out.data());
            for (index u = 0; u < units; ++u)
                for (index i = 0; i < L; ++i)
                    CHECK(out[std::size_t(u * L + i)] == (i < inputs ? w.at(i, u) : T(0)), "%td units, %td inputs",
                          units, inputs);
            CHECK(out[std::size_t(units * L)] == T(7), "%td units: a line too many", units);
        }
}

template <class T>
void dots() {
    constexpr int L = LANES<T>;
    Numbers<T> number;
    for (index n = 1; n <= L; ++n)
        for (const index blocks : {1, 2, 5}) {
            std::vector<T> a(std::size_t((blocks * L + L) * L)), b(std::size_t(blocks * L)), c(std::size_t(2 * L * L));
            for (T& x : a) x = number();
            for (T& x : b) x = number();
            dot_lines(n, blocks, a.data(), L * L, b.data(), L, c.data());
            for (index i = 0; i < n; ++i)
                for (index j = 0; j < L; ++j) {
                    double sum = 0;
                    for (index k = 0; k < blocks; ++k)
                        sum += double(a[std::size_t((k * L + i) * L + j)]) * double(b[std::size_t(k * L + j)]);
                    CHECK(std::abs(double(c[std::size_t(i * L + j)]) - sum) <=
                              10 * double(std::numeric_limits<T>::epsilon()),
                          "%td lines, %td blocks", n, blocks);
                }
        }
}

TEST(products_of_floats) { all_products<float>(); }
TEST(products_of_doubles) { all_products<double>(); }
TEST(neighbours) { rows_do_not_depend_on_their_neighbours<float>(), rows_do_not_depend_on_their_neighbours<double>(); }
TEST(transposed_weights) { transposes<float>(), transposes<double>(); }
TEST(dot_products_of_lines) { dots<float>(), dots<double>(); }

}  // namespace
}  // namespace LW_ISA
}  // namespace lw
