#include "homeostat/app/demo/answers.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace homeostat::app::demo {

namespace {

template <class Number>
bool parse_number(std::string_view text, Number& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size();
}

/// The start of the first good window at or after `from`, over answers in the order of due_at.
std::optional<Instant> first_good_window(const std::vector<Answer>& answers,
                                         std::size_t from,
                                         Instant until) {
    std::size_t end = from;
    std::size_t bad_count = 0;
    for (std::size_t begin = from; begin < answers.size(); ++begin) {
        const Instant window_end = answers[begin].due_at + good_window;
        if (window_end > until) {
            return std::nullopt;
        }
        for (; end < answers.size() && answers[end].due_at < window_end; ++end) {
            bad_count += answers[end].is_good ? 0 : 1;
        }
        const std::size_t count = end - begin;
        const double good_ratio = 1.0 - static_cast<double>(bad_count) / static_cast<double>(count);
        if (count >= good_window_answers_min && good_ratio >= good_window_ratio_min) {
            return answers[begin].due_at;
        }
        bad_count -= answers[begin].is_good ? 0 : 1;
    }
    return std::nullopt;
}

}  // namespace

Result<Answer> parse_answer(std::string_view line) {
    std::array<std::string_view, 4> words;
    std::size_t count = 0;
    std::string_view rest = line;
    while (!rest.empty() && count < words.size()) {
        const std::size_t space = std::min(rest.find(' '), rest.size());
        words.at(count++) = rest.substr(0, space);
        rest.remove_prefix(std::min(space + 1, rest.size()));
    }
    std::int64_t due_ns{};
    std::int64_t latency_us{};
    int status{};
    const bool is_known =
        words[3] == "good" || words[3] == "error" || words[3] == "slow" || words[3] == "wrong";
    if (count != words.size() || !rest.empty() || !is_known || !parse_number(words[0], due_ns) ||
        !parse_number(words[1], latency_us) || !parse_number(words[2], status)) {
        return fail(Fault::invalid, "not an answer of the load generator: " + std::string(line));
    }
    return Answer{instant_of_ns(due_ns), std::chrono::microseconds{latency_us}, status,
                  words[3] == "good"};
}

Impact impact_of(std::vector<Answer> answers, Instant since, Instant until) {
    std::erase_if(answers, [&](const Answer& answer) { return answer.due_at < since; });
    std::ranges::sort(answers, {}, &Answer::due_at);
    Impact impact;
    impact.requests_count = answers.size();
    const auto is_bad = [](const Answer& answer) { return !answer.is_good; };
    impact.failed_count = static_cast<std::uint64_t>(std::ranges::count_if(answers, is_bad));
    const auto first = std::ranges::find_if(answers, is_bad);
    if (first == answers.end()) {
        return impact;
    }
    impact.began_at = first->due_at;
    const auto from = static_cast<std::size_t>(first - answers.begin());
    impact.healed_at = first_good_window(answers, from, until);
    return impact;
}

}  // namespace homeostat::app::demo
