// What a part is told by its names: numbers, which a loss may have one of for each output, or words.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "host.h"

namespace lw {

struct Setting {
    enum Type { NUMBER, NUMBERS, TEXT };
    std::string name;
    Type type = NUMBER;
    double number = 0;
    std::vector<double> numbers;
    std::string text;
};

class Settings {
public:
    void add(Setting setting) { all_.push_back(std::move(setting)); }

    const Setting* find(const std::string& name) const {
        for (const Setting& setting : all_)
            if (setting.name == name) return &setting;
        return nullptr;
    }
    bool contains(const char* name) const { return find(name) != nullptr; }

private:
    std::vector<Setting> all_;
};

inline double setting(const Settings& settings, const char* name) {
    const Setting* found = settings.find(name);
    if (!found) refuse(std::string("a setting is missing: ") + name);
    if (found->type != Setting::NUMBER) refuse(std::string(name) + " must be a number");
    return found->number;
}

}  // namespace lw
