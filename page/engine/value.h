// What JavaScript gives: null, numbers, texts, lists, maps and arrays, as src/engine/values.ts writes them, one number
// after the other:
//
//     0                            null          3 n items …                      a list
//     1 x                          a number      4 n name value name value …      a map; a name is a text
//     2 n code code …              a text        5 address type axes n0 n1        an array in this memory
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace lw {

[[noreturn]] void refuse(const std::string& text);

struct Value {
    enum Type { NONE, NUMBER, TEXT, LIST, MAP, ARRAY };
    Type type = NONE;
    double number = 0;
    std::string text;
    std::vector<Value> items;        // of a list, or of a map
    std::vector<std::string> names;  // of a map's
    double address = 0, axes = 0, sizes[2] = {};
    char element = 0;

    const Value* find(const char* name) const {
        for (std::size_t i = 0; i < names.size(); ++i)
            if (names[i] == name) return &items[i];
        return nullptr;
    }
};

class Reader {
public:
    Reader(const double* from, std::size_t count) : at_(from), end_(from + count) {}

    Value read(int depth = 0) {
        if (depth > 32) refuse("a value is nested too deeply");
        Value value;
        const double type = next();
        if (!(type >= Value::NONE && type <= Value::ARRAY)) refuse("a value is of no known type");
        value.type = Value::Type(int(type));
        switch (value.type) {
            case Value::NONE: break;
            case Value::NUMBER: value.number = next(); break;
            case Value::TEXT: value.text = text(); break;
            case Value::LIST:
            case Value::MAP:
                for (std::size_t n = count(); n; --n) {
                    if (value.type == Value::MAP) {
                        if (next() != Value::TEXT) refuse("a name must be a text");
                        value.names.push_back(text());
                    }
                    value.items.push_back(read(depth + 1));
                }
                break;
            case Value::ARRAY:
                value.address = next(), value.element = char(count()), value.axes = next();
                value.sizes[0] = next(), value.sizes[1] = next();
                break;
        }
        return value;
    }

private:
    double next() {
        if (at_ == end_) refuse("a value is cut off");
        return *at_++;
    }
    std::size_t count() {
        const double n = next();
        if (!(n >= 0 && n <= double(1 << 30))) refuse("a length must be from 0 to 2^30");
        return std::size_t(n);
    }
    std::string text() {
        std::string found;
        for (std::size_t n = count(); n; --n) found += char(count() & 255);
        return found;
    }

    const double *at_, *end_;
};

}  // namespace lw
