// What lies between JavaScript and C++: the counterpart of native/python.h, as native/host.h says.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include "value.h"

namespace lw {

using Index = std::ptrdiff_t;

// Throws in JavaScript: nothing of C++ is unwound, so what was being made is not given back. A page then either leaves the
// whole module alone, or goes on with what it had.
[[noreturn]] inline void refuse_use(const std::string& text) { refuse(text); }

class Object {
public:
    Object() = default;
    explicit Object(const Value& value) : value_(&value) {}
    const Value& value() const { return *value_; }

private:
    const Value* value_ = nullptr;
};

class Released {
public:
    Released() {}
    ~Released() {}
};
inline void raise_pending() {}
inline void* context_of(Object) { return nullptr; }
inline bool asked_to_stop(void*) { return false; }
inline void tell(void*, std::ptrdiff_t) {}
inline bool is_triple(Object object, Object* items) {
    const Value& value = object.value();
    if (value.type != Value::LIST || value.items.size() != 3) return false;
    for (std::size_t i = 0; i < 3; ++i) items[i] = Object(value.items[i]);
    return true;
}

// An array in this memory, whose owner keeps it for as long as it is used.
class Array {
public:
    Array() = default;
    Array(Object object, const char* name, int ndim, const char* formats, bool = false) : name_(name) {
        const Value& value = object.value();
        if (value.type != Value::ARRAY) refuse(std::string(name) + " must be an array");
        type_ = value.element;
        const std::size_t size = item_size(type_);
        if (!size || std::string(formats).find(type_) == std::string::npos) fail("has a type that is not taken here");
        if (value.axes != ndim)
            fail("must have " + std::to_string(ndim) + " dimensions; it has " + std::to_string(int(value.axes)));
        const double memory = double(__builtin_wasm_memory_size(0)) * 65536;
        double bytes = double(size);
        for (int axis = 0; axis < ndim; ++axis) {
            const double n = value.sizes[axis];
            if (!(n >= 0 && n <= memory) || n != double(Index(n))) fail("has a size that cannot be");
            sizes_[axis] = Index(n), bytes *= n;
        }
        if (!(value.address >= 0 && value.address + bytes <= memory)) fail("lies outside the memory");
        const auto address = std::uintptr_t(value.address);
        if (address % size) fail("is not aligned");
        data_ = reinterpret_cast<void*>(address);
    }

    Index size(int axis) const { return sizes_[axis]; }
    void* data() const { return data_; }
    char type() const { return type_; }
    void must_have(std::initializer_list<Index> shape) const {
        int axis = 0;
        for (const Index n : shape) {
            if (size(axis) != n)
                fail("must have " + std::to_string(n) + " entries on axis " + std::to_string(axis) + "; it has " +
                     std::to_string(size(axis)));
            ++axis;
        }
    }
    [[noreturn]] void fail(const std::string& problem) const { refuse(std::string(name_) + " " + problem); }

private:
    static std::size_t item_size(char type) {
        switch (type) {
            case '?':
            case 'b':
            case 'B': return 1;
            case 'h':
            case 'H': return 2;
            case 'i':
            case 'I':
            case 'f': return 4;
            case 'q':
            case 'Q':
            case 'd': return 8;
            default: return 0;
        }
    }

    const char* name_ = "";
    void* data_ = nullptr;
    Index sizes_[2] = {};
    char type_ = 0;
};

}  // namespace lw
