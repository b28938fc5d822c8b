// A test program in a few lines: TEST(name) { CHECK(...); } in any file, and one RUN_TESTS in one of them.
#pragma once

#include <cmath>
#include <cstdio>

struct Test {
    const char* name;
    void (*run)();
    Test* next;
    static Test*& first() {
        static Test* tests = nullptr;
        return tests;
    }
    static int& failures() {
        static int n = 0;
        return n;
    }
    Test(const char* name, void (*run)()) : name(name), run(run), next(first()) { first() = this; }
};

#define TEST(name)                                 \
    static void name();                            \
    static const Test test_of_##name(#name, name); \
    static void name()

// The text after the condition says for which sizes; a few failures are shown, all are counted.
#define CHECK(condition, ...)                                                                                    \
    do {                                                                                                         \
        if (!(condition) && ++Test::failures() <= 20)                                                            \
            std::printf("%s:%d: %s: ", __FILE__, __LINE__, #condition), std::printf(__VA_ARGS__), std::puts(""); \
    } while (0)

#define RUN_TESTS                                                                       \
    int main() {                                                                        \
        int count = 0;                                                                  \
        for (Test* test = Test::first(); test; test = test->next) test->run(), ++count; \
        std::printf("%d tests, %d failures\n", count, Test::failures());                \
        return Test::failures() != 0;                                                   \
    }
