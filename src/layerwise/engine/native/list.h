// A growing array. It stands in for std::vector, whose code would be shared between the instruction sets (simd.h).
#pragma once

#include "simd.h"

namespace lw {
namespace LW_ISA {

template <class T>
class List {
public:
    List() = default;
    List(List&& other) noexcept : items_(other.items_), size_(other.size_), room_(other.room_) {
        other.items_ = nullptr, other.size_ = other.room_ = 0;
    }
    List& operator=(List&& other) noexcept {
        T* items = items_;
        int size = size_, room = room_;
        items_ = other.items_, size_ = other.size_, room_ = other.room_;
        other.items_ = items, other.size_ = size, other.room_ = room;
        return *this;
    }
    ~List() { delete[] items_; }

    void push_back(T&& item) {
        if (size_ == room_) {
            room_ = room_ ? 2 * room_ : 4;
            T* more = new T[room_]();
            for (int i = 0; i < size_; ++i) more[i] = static_cast<T&&>(items_[i]);
            delete[] items_;
            items_ = more;
        }
        items_[size_++] = static_cast<T&&>(item);
    }
    void clear() { size_ = 0; }
    int size() const { return size_; }
    T& operator[](index i) { return items_[i]; }
    const T& operator[](index i) const { return items_[i]; }
    T& back() { return items_[size_ - 1]; }
    const T& back() const { return items_[size_ - 1]; }
    T* begin() { return items_; }
    T* end() { return items_ + size_; }
    const T* begin() const { return items_; }
    const T* end() const { return items_ + size_; }

private:
    T* items_ = nullptr;
    int size_ = 0, room_ = 0;
};

}  // namespace LW_ISA
}  // namespace lw
