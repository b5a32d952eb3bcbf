#include "homeostat/adapters/taxii/taxii_feed.hpp"

#include "homeostat/base/json.hpp"
#include "homeostat/base/timestamp.hpp"
#include "homeostat/net/http_message.hpp"
#include "homeostat/net/query_value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace homeostat::adapters::taxii {

namespace {

constexpr std::string_view media_type = "application/taxii+json";
constexpr std::string_view media_type_version = "application/taxii+json;version=2.1";
constexpr std::string_view added_last_header = "X-TAXII-Date-Added-Last";
constexpr std::string_view login_header = "Authorization";
constexpr std::size_t secret_bytes_max = 1024;
constexpr std::size_t path_bytes_max = 512;
constexpr std::size_t timestamp_bytes_max = 40;
constexpr unsigned page_objects = 250;

/// RFC 4648, with its padding.
std::string to_base64(std::string_view bytes) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::string_view three = bytes.substr(at, 3);
        std::uint32_t bits = 0;
        for (std::size_t index = 0; index < 3; ++index) {
            const char byte = index < three.size() ? three[index] : '\0';
            bits = (bits << 8U) | static_cast<unsigned char>(byte);
        }
        const std::array<char, 4> group{digits[(bits >> 18U) & 63U], digits[(bits >> 12U) & 63U],
                                        three.size() > 1 ? digits[(bits >> 6U) & 63U] : '=',
                                        three.size() > 2 ? digits[bits & 63U] : '='};
        text.append(group.data(), group.size());
    }
    return text;
}

/// Empty: the server asks for none.
std::string authorization_of(const Options& options) {
    if (!options.login.empty()) {
        return "Basic " + to_base64(options.login);
    }
    return options.token.empty() ? std::string() : "Bearer " + options.token;
}

Result<void> check_reply(const net::HttpResponse& response) {
    switch (response.status) {
        case 200:
            break;
        case 401:
        case 403:
            return fail(Fault::refused, "the TAXII server does not let us read");
        case 404:
            return fail(Fault::broken, "the TAXII server has no such collection");
        default:
            return fail(Fault::broken, fmt::format("the TAXII server answers {}", response.status));
    }
    if (!response.content_type.starts_with(media_type)) {
        return fail(Fault::broken, "no TAXII server: its answer is of another media type");
    }
    return {};
}

}  // namespace

Result<void> check(const Options& options) {
    if (!net::is_local(options.api)) {
        return fail(Fault::invalid,
                    "the TAXII server has to be on this machine, or a tunnel to it: what it knows "
                    "us by would cross the network as it is");
    }
    const std::string& path = options.collection;
    const bool is_path = path.starts_with('/') && path.ends_with('/') &&
                         path.size() <= path_bytes_max &&
                         std::ranges::all_of(path, [](char c) { return c > ' ' && c < '\x7f'; }) &&
                         path.find_first_of("?#") == std::string::npos;
    if (!is_path) {
        return fail(Fault::invalid, "not the address of a collection, which ends in a slash");
    }
    const bool is_login = options.login.empty() || options.login.contains(':');
    const bool is_secret = options.login.size() <= secret_bytes_max &&
                           options.token.size() <= secret_bytes_max &&
                           (options.login.empty() || options.token.empty()) &&
                           net::is_sendable(login_header, authorization_of(options));
    if (!is_login || !is_secret) {
        return fail(Fault::invalid, "neither a line `name:password` nor a bearer token");
    }
    return {};
}

TaxiiFeed::TaxiiFeed(boost::asio::any_io_executor executor,
                     Options options,
                     const ports::Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      client_(
          std::move(executor),
          options_.api,
          {.body_bytes_max = page_bytes_max, .headers_kept = {std::string(added_last_header)}}) {}

Task<Result<FeedUpdate>> TaxiiFeed::poll(bool is_whole, Instant deadline) {
    if (is_whole || (!is_on_whole_ && clock_.now() - whole_at_ >= whole_every)) {
        begin_whole();
    }
    std::uint64_t skipped = 0;
    bool has_more = true;
    for (unsigned count = 0; has_more && count < pages_max; ++count) {
        const Result<Page> page = co_await read_page(deadline);
        if (!page) {
            if (count > 0 && page.error().fault == Fault::late) {
                break;  // There was no time for this one; it is the first of the next question.
            }
            co_return std::unexpected(page.error());
        }
        for (const Indicator& indicator : page->indicators) {
            indicators_.take(indicator, clock_.wall_now());
        }
        skipped += page->skipped;
        has_more = page->has_more;
    }
    if (!has_more && is_on_whole_) {
        indicators_.end_whole(clock_.wall_now());
        is_on_whole_ = false;
    }
    FeedUpdate update = indicators_.changes(clock_.wall_now());
    update.skipped += skipped;
    update.has_more = has_more;
    co_return update;
}

void TaxiiFeed::begin_whole() {
    added_after_.clear();
    added_last_.clear();
    added_last_at_ = {};
    next_.clear();
    pages_count_ = 0;
    whole_at_ = clock_.now();
    is_on_whole_ = true;
    indicators_.begin_whole();
}

std::string TaxiiFeed::path_of_page() const {
    std::string path = fmt::format("{}objects/?limit={}&match%5Btype%5D=indicator",
                                   options_.collection, page_objects);
    if (!added_after_.empty()) {
        path += "&added_after=" + net::to_query_value(added_after_);
    }
    if (!next_.empty()) {
        path += "&next=" + net::to_query_value(next_);
    }
    return path;
}

Task<Result<net::HttpResponse>> TaxiiFeed::get(std::string path, Instant deadline) {
    net::HttpRequest request;
    request.path = std::move(path);
    request.headers.emplace_back("Accept", media_type_version);
    if (std::string authorization = authorization_of(options_); !authorization.empty()) {
        request.headers.emplace_back(login_header, std::move(authorization));
    }
    Result<net::HttpResponse> response = co_await client_.request(std::move(request), deadline);
    if (!response) {
        co_return response;
    }
    if (const Result<void> checked = check_reply(*response); !checked) {
        co_return std::unexpected(checked.error());
    }
    co_return response;
}

Task<Result<Page>> TaxiiFeed::read_page(Instant deadline) {
    if (pages_count_ == pages_of_way_max) {
        co_return fail(Fault::broken, "the TAXII server's pages do not end");
    }
    std::string path = path_of_page();
    const Result<net::HttpResponse> response = co_await get(std::move(path), deadline);
    if (!response) {
        co_return std::unexpected(response.error());
    }
    Result<Page> page = parse_envelope(response->body, options_.confidence_min);
    if (!page) {
        co_return page;
    }
    const Result<void> moved = move_on(*page, net::header_of(response->headers, added_last_header));
    if (!moved) {
        co_return std::unexpected(moved.error());
    }
    co_return page;
}

/// The place only moves forward. The server's own text is kept, because it may be finer than ours.
Result<void> TaxiiFeed::move_on(const Page& page, std::string_view added_last) {
    const std::optional<WallTime> at =
        added_last.size() <= timestamp_bytes_max ? parse_timestamp(added_last) : std::nullopt;
    const bool has_moved = at && *at >= added_last_at_ && added_last != added_last_;
    if (has_moved) {
        added_last_ = std::string(added_last);
        added_last_at_ = *at;
    }
    const bool goes_by_next = page.has_more && !page.next.empty();
    if (page.has_more && !goes_by_next && !has_moved) {
        return fail(Fault::broken, "the TAXII server has more, and does not say where");
    }
    next_ = goes_by_next ? page.next : std::string();
    if (!goes_by_next) {
        added_after_ = added_last_;
    }
    pages_count_ = page.has_more ? pages_count_ + 1 : 0;
    return {};
}

Task<Result<void>> TaxiiFeed::look(Instant deadline) {
    std::string path = options_.collection;
    const Result<net::HttpResponse> response = co_await get(std::move(path), deadline);
    if (!response) {
        co_return std::unexpected(response.error());
    }
    const Result<json::value> document = parse_json(response->body);
    const json::value* can_read = document && document->is_object()
                                      ? document->get_object().if_contains("can_read")
                                      : nullptr;
    if (can_read == nullptr || !can_read->is_bool()) {
        co_return fail(Fault::broken, "no TAXII collection: its answer does not say `can_read`");
    }
    if (!can_read->get_bool()) {
        co_return fail(Fault::refused, "the TAXII server does not let us read");
    }
    co_return Result<void>{};
}

}  // namespace homeostat::adapters::taxii
