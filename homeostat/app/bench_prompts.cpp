// bench decide --prompts: the bytes that the model would read, for whoever trains one. Nothing else
// may put a prompt together: a model that was trained on other bytes is asked what it never saw.

#include "homeostat/adapters/llm/label.hpp"
#include "homeostat/adapters/llm/model_file.hpp"
#include "homeostat/adapters/llm/prompt.hpp"
#include "homeostat/app/bounded_lines.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/app/complaint.hpp"
#include "homeostat/base/json.hpp"

#include <fmt/format.h>

#include <fstream>
#include <string>

namespace homeostat::app {

namespace {

namespace llm = adapters::llm;

/// What is the same for every prompt: a word for each kind of remedy, and what names them all.
json::object fixed_document() {
    json::object labels;
    for (const RemedyKind kind : llm::kinds_all) {
        labels[to_text(kind)] = json::value(llm::label_of(kind));
    }
    labels["escalate"] = json::value(llm::label_of_calling_a_person);
    return {{"labels", std::move(labels)},
            {"prompt_digest", llm::sha256_of(llm::prompt_fixed_text())}};
}

Result<json::object> prompt_document(std::string_view line) {
    const Result<json::value> document = parse_json(line);
    if (!document) {
        return std::unexpected(document.error());
    }
    const json::object* const object = document->if_object();
    const json::value* const id = object == nullptr ? nullptr : object->if_contains("id");
    const json::value* const lines = object == nullptr ? nullptr : object->if_contains("evidence");
    if (id == nullptr || !id->is_string() || lines == nullptr || !lines->is_array()) {
        return fail(Fault::invalid, "want an `id` and a list `evidence`");
    }
    Evidence evidence;
    for (const json::value& each : lines->get_array()) {
        if (!each.is_string()) {
            return fail(Fault::invalid, "evidence: want lines of text");
        }
        evidence.lines.emplace_back(each.get_string());
    }
    const std::string prompt = llm::prompt_for(evidence) + std::string(llm::prompt_question());
    return json::object{{"id", *id}, {"prompt", prompt}};
}

}  // namespace

ExitStatus print_prompts(const std::filesystem::path& cases) {
    std::ifstream file(cases);
    if (!file) {
        complain(fmt::format("{}: cannot be read", cases.string()));
        return ExitStatus::usage;
    }
    fmt::print("{}\n", to_text(json::value(fixed_document())));
    constexpr std::size_t bytes_max = std::size_t{1} << 20U;
    BoundedLines lines(file, bytes_max);
    while (lines.next()) {
        const Result<json::object> document =
            lines.is_too_long()
                ? fail(Fault::invalid, fmt::format("longer than {} bytes", bytes_max))
                : prompt_document(lines.text());
        if (!document) {
            complain(
                fmt::format("{}:{}: {}", cases.string(), lines.number(), document.error().text));
            return ExitStatus::usage;
        }
        fmt::print("{}\n", to_text(json::value(*document)));
    }
    return ExitStatus::ok;
}

}  // namespace homeostat::app
