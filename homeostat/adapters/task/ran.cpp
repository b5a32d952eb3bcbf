#include "homeostat/adapters/task/ran.hpp"

#include "homeostat/base/plain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

namespace homeostat::adapters::task {

namespace {

/// Goes into the ledger with the outcome; `homeostat remedy test` shows all of it.
constexpr std::size_t words_bytes_max = 300;
/// Longer than a secret.
constexpr std::size_t slack_bytes = std::size_t{8} << 10U;

std::string with_words(const Ran& ran) {
    std::string_view words = ran.output;
    while (!words.empty() && (words.back() == '\n' || words.back() == ' ')) {
        words.remove_suffix(1);
    }
    if (words.empty()) {
        return ran.because;
    }
    const std::size_t begin = words.size() - std::min(words.size(), words_bytes_max);
    return fmt::format("{}, last words: {}", ran.because,
                       plain(words.substr(begin), words_bytes_max));
}

bool means_done(const Action& action, int status) {
    const auto* http = std::get_if<HttpCall>(&action.call);
    if (http == nullptr) {
        return status == 0;
    }
    return http->statuses.empty()
               ? status >= 200 && status <= 299
               : std::ranges::find(http->statuses, status) != http->statuses.end();
}

bool means_refused(const Action& action, int status) {
    if (const auto* command = std::get_if<Command>(&action.call)) {
        return std::ranges::find(command->refused, status) != command->refused.end();
    }
    return std::holds_alternative<HttpCall>(action.call) && status >= 400 && status <= 499;
}

}  // namespace

Outcome outcome_of(const Action& action, const Ran& ran) {
    if (ran.kind == RanKind::not_begun) {
        return {OutcomeKind::refused, ran.because};
    }
    if (ran.kind == RanKind::answered && means_done(action, ran.status)) {
        return {OutcomeKind::done, with_words(ran)};
    }
    if (ran.kind == RanKind::answered && means_refused(action, ran.status)) {
        return {OutcomeKind::refused, with_words(ran)};
    }
    return {OutcomeKind::unknown, with_words(ran)};
}

Result<bool> health_of(const Action& check, const Ran& ran) {
    if (ran.kind != RanKind::answered) {
        return fail(ran.kind == RanKind::lost ? Fault::late : Fault::unreachable, ran.because);
    }
    if (means_done(check, ran.status)) {
        return true;
    }
    const bool is_command = std::holds_alternative<Command>(check.call);
    if (is_command ? ran.status == 1 : ran.status >= 500) {
        return false;
    }
    return fail(Fault::broken,
                fmt::format("{}; a check says that all is {}", with_words(ran),
                            is_command ? "well by 0 and that it is not by 1"
                                       : "well by its status and that it is not by 500 to 599"));
}

std::string without(std::string text, std::vector<std::string> secrets) {
    constexpr std::size_t secret_bytes_min = 4;
    constexpr std::string_view blot = "***";
    // One that stands in another would cut that one, and leave the rest of it.
    std::ranges::sort(secrets, std::ranges::greater{}, &std::string::size);
    for (const std::string& secret : secrets) {
        std::size_t at = secret.size() < secret_bytes_min ? std::string::npos : text.find(secret);
        while (at != std::string::npos) {
            text.replace(at, secret.size(), blot);
            at = text.find(secret, at + blot.size());
        }
    }
    return text;
}

void Tail::add(std::string_view bytes) {
    bytes_ += bytes;
    constexpr std::size_t kept_bytes = output_bytes_max + slack_bytes;
    if (bytes_.size() > 2 * kept_bytes) {
        bytes_.erase(0, bytes_.size() - kept_bytes);
    }
}

std::string Tail::text(const std::vector<std::string>& secrets) const {
    std::string text = without(bytes_, secrets);
    text.erase(0, text.size() - std::min(text.size(), output_bytes_max));
    return text;
}

}  // namespace homeostat::adapters::task
