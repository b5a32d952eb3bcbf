#include "homeostat/app/demo/answers.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>

namespace homeostat::app::demo {

namespace {

template <class Number>
bool parse_number(std::string_view text, Number& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size();
}

bool is_good_share(std::size_t bad_count, std::size_t count) {
    return 1.0 - static_cast<double>(bad_count) / static_cast<double>(count) >=
           good_window_ratio_min;
}

/// Where the first good window at or after `from` begins, over answers in the order of due_at.
std::optional<std::size_t> first_good_window(const std::vector<Answer>& answers,
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
        if (count >= good_window_answers_min && is_good_share(bad_count, count)) {
            return begin;
        }
        bad_count -= answers[begin].is_good ? 0 : 1;
    }
    return std::nullopt;
}

bool is_bad(const Answer& answer) {
    return !answer.is_good;
}

std::size_t count_bad(const std::vector<Answer>& answers, std::size_t from) {
    const auto begin = answers.begin() + static_cast<std::ptrdiff_t>(from);
    return static_cast<std::size_t>(std::count_if(begin, answers.end(), is_bad));
}

/// Those due from `since` on, in the order of due_at.
std::vector<Answer> in_order(std::vector<Answer> answers, Instant since) {
    std::erase_if(answers, [&](const Answer& answer) { return answer.due_at < since; });
    std::ranges::sort(answers, {}, &Answer::due_at);
    return answers;
}

/// All but whether it healed.
Impact damage_of(const std::vector<Answer>& ordered) {
    Impact impact;
    impact.requests_count = ordered.size();
    impact.failed_count = count_bad(ordered, 0);
    if (const auto first = std::ranges::find_if(ordered, is_bad); first != ordered.end()) {
        impact.began_at = first->due_at;
    }
    const auto wrong = std::ranges::find_if(ordered, &Answer::is_wrong);
    for (auto answer = wrong; answer != ordered.end(); ++answer) {
        if (answer->is_wrong) {
            impact.wrong_count += 1;
            impact.wrong_for = answer->due_at - wrong->due_at;
        }
    }
    return impact;
}

std::size_t first_bad(const std::vector<Answer>& ordered) {
    return static_cast<std::size_t>(std::ranges::find_if(ordered, is_bad) - ordered.begin());
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
                  words[3] == "good", words[3] == "wrong"};
}

Impact impact_of(std::vector<Answer> answers, Instant since, Instant until) {
    answers = in_order(std::move(answers), since);
    Impact impact = damage_of(answers);
    if (impact.began_at) {
        if (const auto begin = first_good_window(answers, first_bad(answers), until)) {
            impact.healed_at = answers[*begin].due_at;
        }
    }
    return impact;
}

Impact lasting_impact_of(std::vector<Answer> answers,
                         Instant since,
                         Instant until,
                         Duration lasting) {
    answers = in_order(std::move(answers), since);
    Impact impact = damage_of(answers);
    if (!impact.began_at) {
        return impact;
    }
    std::optional<std::size_t> begin = first_good_window(answers, first_bad(answers), until);
    while (begin && answers[*begin].due_at + lasting <= until) {
        if (is_good_share(count_bad(answers, *begin), answers.size() - *begin)) {
            impact.healed_at = answers[*begin].due_at;
            break;
        }
        begin = first_good_window(answers, *begin + 1, until);
    }
    return impact;
}

}  // namespace homeostat::app::demo
