// What lies between Python and C++: the interpreter's lock, and NumPy's arrays.
#pragma once

#include <nanobind/nanobind.h>

#include <chrono>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <thread>

#include "plan.h"

namespace lw {

namespace nb = nanobind;
using Index = std::ptrdiff_t;
using Object = nb::handle;

[[noreturn]] inline void refuse(const std::string& text) { throw nb::value_error(text.c_str()); }
[[noreturn]] inline void refuse_use(const std::string& text) { throw std::runtime_error(text); }

// Where a callable, or a signal's handler, has raised while the engine was at work.
inline void raise_pending() {
    if (PyErr_Occurred()) throw nb::python_error();
}

// What asked_to_stop and tell are given of a callable.
inline void* context_of(Object callable) { return callable.ptr(); }

// Whether an object is a tuple of three: its items.
inline bool is_triple(Object object, Object* items) {
    if (!nb::isinstance<nb::tuple>(object) || nb::len(object) != 3) return false;
    for (int i = 0; i < 3; ++i) items[i] = PyTuple_GetItem(object.ptr(), i);
    return true;
}

// ---------------------------------------------------------------- the interpreter's lock

// A daemon thread may be at work when the interpreter ends. Before Python 3.14 such a thread is ended by pthread_exit
// when it asks for the lock, which unwinds frames that must not be unwound and so aborts the process. It sleeps
// instead until the process is gone, as in Python 3.14.
[[noreturn]] inline void sleep_until_the_end() {
    for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
}

// Without the lock from here to the end of the block.
class Released {
public:
    Released() : state_(PyEval_SaveThread()) {}
    Released(const Released&) = delete;
    Released& operator=(const Released&) = delete;
    ~Released() {
        try {
            PyEval_RestoreThread(state_);
        } catch (...) {  // the unwinding of pthread_exit: C code throws nothing else
            sleep_until_the_end();
        }
    }

private:
    PyThreadState* state_;
};

// Whether a run shall stop: a signal's handler raised, or the callable says so or fails; the error stays set.
inline bool asked_to_stop(void* callable) {
    try {
        const PyGILState_STATE state = PyGILState_Ensure();
        int stop = PyErr_CheckSignals();
        if (stop == 0) {
            PyObject* answer = PyObject_CallNoArgs(static_cast<PyObject*>(callable));
            stop = answer ? PyObject_IsTrue(answer) : 1;
            Py_XDECREF(answer);
        }
        PyGILState_Release(state);
        return stop != 0;
    } catch (...) {
        sleep_until_the_end();
    }
}

// Tells a callable a number; an error of its stays set, and nothing more is told.
inline void tell(void* callable, std::ptrdiff_t number) {
    try {
        const PyGILState_STATE state = PyGILState_Ensure();
        if (!PyErr_Occurred()) Py_XDECREF(PyObject_CallFunction(static_cast<PyObject*>(callable), "n", number));
        PyGILState_Release(state);
    } catch (...) {
        sleep_until_the_end();
    }
}

// ---------------------------------------------------------------- arrays

// A NumPy array, held for as long as it is used.
class Array {
public:
    Array() = default;
    Array(Object object, const char* name, int ndim, const char* formats, bool writable = false) : name_(name) {
        const int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
        if (PyObject_GetBuffer(object.ptr(), &view_, flags) != 0) {
            PyErr_Clear();
            refuse(std::string(name) + " must be a C-contiguous array" + (writable ? " that can be written to" : ""));
        }
        held_ = true;
        const char* format = view_.format ? view_.format : "B";
        if (*format == '@' || *format == '=') ++format;
        type_ = *format == 'l'   ? (view_.itemsize == 8 ? 'q' : 'i')
                : *format == 'L' ? (view_.itemsize == 8 ? 'Q' : 'I')
                                 : *format;
        if (!*format || format[1] || std::string(formats).find(type_) == std::string::npos)
            fail("has a type that is not taken here: " + std::string(view_.format ? view_.format : "B"));
        if (view_.ndim != ndim)
            fail("must have " + std::to_string(ndim) + " dimensions; it has " + std::to_string(view_.ndim));
        if (reinterpret_cast<std::uintptr_t>(view_.buf) % std::size_t(view_.itemsize)) fail("is not aligned");
    }
    Array(Array&& other) noexcept { *this = std::move(other); }
    Array& operator=(Array&& other) noexcept {
        std::swap(view_, other.view_), std::swap(held_, other.held_);
        std::swap(name_, other.name_), std::swap(type_, other.type_);
        return *this;
    }
    ~Array() {
        if (held_) PyBuffer_Release(&view_);
    }

    Index size(int axis) const { return view_.shape[axis]; }
    void* data() const { return held_ ? view_.buf : nullptr; }
    char type() const { return type_; }
    void must_have(std::initializer_list<Index> shape) const {
        int axis = 0;
        for (Index n : shape) {
            if (size(axis) != n)
                fail("must have " + std::to_string(n) + " entries on axis " + std::to_string(axis) + "; it has " +
                     std::to_string(size(axis)));
            ++axis;
        }
    }
    [[noreturn]] void fail(const std::string& problem) const { refuse(std::string(name_) + " " + problem); }

private:
    Py_buffer view_{};
    bool held_ = false;
    const char* name_ = "";
    char type_ = 0;
};

}  // namespace lw
