#include "homeostat/adapters/segment_log/group_prefix.hpp"

#include "homeostat/adapters/segment_log/chain.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <system_error>

namespace homeostat::adapters::segment_log {

namespace {

/// Takes one thing after the other from the beginning of a text. Once something is not as wanted,
/// nothing that is taken means anything.
class Taking {
  public:
    explicit Taking(std::string_view text) : text_(text) {}

    Taking& literal(std::string_view wanted) {
        is_good_ = is_good_ && text_.starts_with(wanted);
        text_.remove_prefix(std::min(wanted.size(), text_.size()));
        return *this;
    }

    /// The hash's digits are not looked at: they are compared with a hash that is one. If there
    /// are too few, what has to follow them is missing too.
    Taking& hash(std::string_view& taken) {
        taken = text_.substr(0, hash_digits);
        text_.remove_prefix(taken.size());
        return *this;
    }

    /// What stands before the next quote: a boot's name has none in it. Comes last: nothing behind
    /// it is wanted.
    Taking& word(std::string_view& taken) {
        const std::size_t end = text_.find('"');
        is_good_ = is_good_ && end != std::string_view::npos;
        taken = text_.substr(0, end);
        return *this;
    }

    template <class Number>
    Taking& number(Number& taken) {
        const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), taken);
        is_good_ = is_good_ && error == std::errc();
        text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
        return *this;
    }

    [[nodiscard]] bool is_good() const { return is_good_; }

  private:
    std::string_view text_;
    bool is_good_{true};
};

}  // namespace

Result<GroupPrefix> parse_group_prefix(std::string_view payload) {
    GroupPrefix prefix;
    std::int64_t at_ns{};
    std::int64_t wall_ms{};
    Taking taking(payload);
    taking.literal(R"({"previous":")").hash(prefix.previous);
    taking.literal(R"(","durable_count":)").number(prefix.durable_count);
    taking.literal(R"(,"entries_count":)").number(prefix.entries_count);
    taking.literal(R"(,"index":)").number(prefix.index);
    taking.literal(R"(,"at":)").number(at_ns);
    taking.literal(R"(,"wall_at":)").number(wall_ms);
    taking.literal(R"(,"boot_id":")").word(prefix.boot_id);
    if (!taking.is_good()) {
        return fail(Fault::corrupt, "a record that does not begin as those of a ledger do");
    }
    prefix.wall_at = WallTime{std::chrono::milliseconds{wall_ms}};
    return prefix;
}

}  // namespace homeostat::adapters::segment_log
