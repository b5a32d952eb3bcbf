#include "homeostat/app/config_task_keys.hpp"

#include "homeostat/app/task_words.hpp"

namespace homeostat::app {

Result<std::string> TaskUrlValue::parse(std::string_view text) const {
    const Result<std::string> address = ReceiverUrlValue{}.parse(without_words(text));
    if (!address) {
        return std::unexpected(address.error());
    }
    return std::string(text);
}

namespace {

std::vector<std::string> names_of_symptoms_for_tasks() {
    std::vector<std::string> names;
    for (const SymptomKind kind : symptoms_for_tasks) {
        names.emplace_back(to_text(kind));
    }
    return names;
}

}  // namespace

Result<SymptomKind> TaskSymptomValue::parse(std::string_view text) const {
    for (const SymptomKind kind : symptoms_for_tasks) {
        if (to_text(kind) == text) {
            return kind;
        }
    }
    return fail(Fault::invalid, "unknown value " + not_one_of(text, names_of_symptoms_for_tasks()));
}

json::object TaskSymptomValue::schema() const {
    json::array allowed;
    for (const std::string& name : names_of_symptoms_for_tasks()) {
        allowed.emplace_back(name);
    }
    json::object schema;
    schema["enum"] = std::move(allowed);
    return schema;
}

}  // namespace homeostat::app
