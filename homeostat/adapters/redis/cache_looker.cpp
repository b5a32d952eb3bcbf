#include "homeostat/adapters/redis/cache_looker.hpp"

#include "homeostat/base/json.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/os/clock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace homeostat::adapters::redis {

namespace {

namespace asio = boost::asio;

constexpr std::size_t answer_bytes_max = std::size_t{64} << 10U;

/// Answers that are being waited for. Owned by whoever waits and by each that is under way, so that
/// one which outlives a destroyed waiter still has a place to put its answer.
struct Gathering {
    Gathering(const asio::any_io_executor& executor, std::size_t count)
        : values(count), left_count(count), done(executor, asio::steady_timer::time_point::max()) {}
    Values values;
    std::size_t left_count;
    asio::steady_timer done;
};

struct Question {
    net::Endpoint endpoint;
    std::string path;
    std::string field;
    std::size_t index{0};
};

Task<void> ask_one(std::shared_ptr<Gathering> gathering, Question question, Instant deadline) {
    net::HttpRequest request;
    request.path = std::move(question.path);
    net::HttpLimits limits;
    limits.body_bytes_max = answer_bytes_max;
    const Result<net::HttpResponse> response =
        co_await net::request_once(gathering->done.get_executor(), std::move(question.endpoint),
                                   std::move(request), deadline, limits);
    if (response && response->status == 200) {
        gathering->values[question.index] = copy_in(response->body, question.field);
    }
    gathering->left_count -= 1;
    if (gathering->left_count == 0) {
        gathering->done.cancel();
    }
}

}  // namespace

std::optional<std::string> copy_in(std::string_view answer, std::string_view field) {
    const Result<json::value> document = parse_json(answer, {.bytes_max = answer_bytes_max});
    if (!document || !document->is_object()) {
        return std::nullopt;
    }
    const json::value* value = document->get_object().if_contains(field);
    if (value == nullptr || value->is_null()) {
        return std::nullopt;
    }
    return value->is_string() ? std::string(value->get_string()) : to_text(*value);
}

CacheLooker::CacheLooker(asio::any_io_executor executor, CacheOptions options)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      socket_(executor_, options_.redis),
      truths_(options_.entries.size()) {}

std::vector<std::string> CacheLooker::keys() const {
    std::vector<std::string> keys;
    for (const std::string& entry : options_.entries) {
        keys.push_back(with_entry(options_.key, entry));
    }
    return keys;
}

// All at once: one after another they would take as long as everything else that is read.
Task<Values> CacheLooker::ask(EntryAddress address, Instant deadline) const {
    const auto gathering = std::make_shared<Gathering>(executor_, options_.entries.size());
    for (std::size_t index = 0; index < options_.entries.size(); ++index) {
        Question question{address.endpoint, with_entry(address.path, options_.entries[index]),
                          options_.field, index};
        asio::co_spawn(executor_, ask_one(gathering, std::move(question), deadline),
                       asio::detached);
    }
    while (gathering->left_count > 0) {  // Each ends by the deadline.
        boost::system::error_code is_cancelled;
        co_await gathering->done.async_wait(
            asio::redirect_error(asio::use_awaitable, is_cancelled));
    }
    co_return std::move(gathering->values);
}

CacheFacts CacheLooker::compare(const Values& copies, const Values& truths, Instant at) {
    CacheFacts facts;
    facts.cache = options_.cache;
    facts.keys_count = static_cast<std::uint32_t>(truths.size());
    facts.is_source_answering = std::ranges::all_of(
        truths, [](const std::optional<std::string>& truth) { return truth.has_value(); });
    for (std::size_t index = 0; index < truths.size(); ++index) {
        Truth& known = truths_[index];
        if (truths[index] && truths[index] != known.value) {
            known = {truths[index], at};
        }
        if (!copies[index]) {
            continue;
        }
        facts.present_count += 1;
        const bool differs = truths[index] && truths[index] != copies[index];
        const bool is_stale = differs && at - known.since > options_.max_age;
        facts.differing_count += differs ? 1 : 0;
        facts.stale_count += is_stale ? 1 : 0;
    }
    return facts;
}

// The copies first: a source that changes between the two makes a copy differ, and one that changed
// before is known to have.
Task<CacheFacts> CacheLooker::look(Instant deadline) {
    // Half of the time for each: a cache that hangs says nothing of its source.
    const Instant began_at = os::read_boot_clock();
    const Instant copies_until = began_at + std::max(deadline - began_at, Duration{}) / 2;
    std::vector<std::string> wanted = keys();
    const Result<Values> copies = co_await socket_.get(std::move(wanted), copies_until);
    EntryAddress source = options_.source;
    const Values truths = co_await ask(std::move(source), deadline);
    const Instant at = os::read_boot_clock();
    CacheFacts facts = compare(copies.value_or(Values(truths.size())), truths, at);
    facts.is_answering = copies.has_value();
    co_return facts;
}

Task<CacheFacts> CacheLooker::look_as_reader(Instant deadline) {
    EntryAddress readers = *options_.readers;
    const Values copies = co_await ask(std::move(readers), deadline);
    EntryAddress source = options_.source;
    const Values truths = co_await ask(std::move(source), deadline);
    CacheFacts facts = compare(copies, truths, os::read_boot_clock());
    facts.is_answering = facts.present_count > 0;
    co_return facts;
}

Task<Outcome> CacheLooker::invalidate(Instant deadline) const {
    std::vector<std::string> wanted = keys();
    const Unlinked unlinked = co_await socket_.unlink(std::move(wanted), deadline);
    if (unlinked.count) {
        co_return Outcome{OutcomeKind::done, fmt::format("{} of {} keys were there",
                                                         *unlinked.count, options_.entries.size())};
    }
    const Error& error = unlinked.count.error();
    const bool has_done_nothing = !unlinked.is_sent || error.fault == Fault::refused;
    co_return Outcome{has_done_nothing ? OutcomeKind::refused : OutcomeKind::unknown, error.text};
}

}  // namespace homeostat::adapters::redis
