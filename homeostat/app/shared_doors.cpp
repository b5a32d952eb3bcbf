#include "homeostat/app/shared_doors.hpp"

#include "homeostat/adapters/roles/letter.hpp"
#include "homeostat/adapters/roles/letter_desk.hpp"
#include "homeostat/adapters/roles/reply.hpp"
#include "homeostat/app/joined_metrics.hpp"
#include "homeostat/app/prometheus_page.hpp"
#include "homeostat/base/id.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/os/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace homeostat::app {

namespace {

namespace roles = adapters::roles;

constexpr int ok = 200;
constexpr int forbidden = 403;
constexpr int unavailable = 503;

std::string address_of(const RolesConfig& config) {
    return config.listen.empty() ? config.socket.string() : config.listen;
}

net::HttpResponse text(int status, std::string says) {
    return {.status = status, .body = std::move(says), .content_type = "text/plain"};
}

/// As a desk answers what is meant for another one: an agent reads no other words.
net::HttpResponse nobody_of_that_name() {
    roles::Reply reply;
    reply.discarded = roles::Discard::misaddressed;
    return {
        .status = forbidden, .body = to_text(to_json(reply)), .content_type = "application/json"};
}

}  // namespace

std::string_view service_named(std::string_view letter) {
    constexpr std::string_view before = R"("service":")";
    const std::string_view head = roles::head_of(letter);
    const std::size_t at = head.find(before);
    if (at == std::string_view::npos) {
        return {};
    }
    const std::string_view rest = head.substr(at + before.size());
    const std::string_view name = rest.substr(0, rest.find('"'));
    return is_plain_name(name) ? name : std::string_view();
}

Result<net::Endpoint> letters_endpoint(const RolesConfig& config) {
    if (!config.listen.empty()) {
        const Result<net::Address> address = net::parse_endpoint("http://" + config.listen);
        return address ? Result<net::Endpoint>(address->endpoint)
                       : fail("roles.listen", address.error());
    }
    if (config.socket.empty()) {
        return fail(Fault::invalid,
                    "roles: url says where agents find the executor, and nothing says where that "
                    "listens — add listen: 10.0.0.5:7091");
    }
    const std::string directory = config.socket.parent_path().string();
    if (const Result<void> made = os::make_directories(directory); !made) {
        return fail("roles.socket", made.error());
    }
    const Result<net::Endpoint> endpoint = net::unix_endpoint(config.socket.string());
    return endpoint ? endpoint : fail("roles.socket", endpoint.error());
}

void SharedDoors::expect(const Config& config) {
    if (config.roles) {
        LettersExpected& expected = letters_expected_[address_of(*config.roles)];
        ++expected.services_count;
        expected.connections_max += roles::desk_limits(hears_some(*config.roles)).connections_max;
    }
    if (!config.metrics_listen.empty()) {
        metrics_[config.metrics_listen].expected.insert(config.service.text());
    }
}

bool SharedDoors::is_shared_for_letters(const RolesConfig& config) const {
    const auto found = letters_expected_.find(address_of(config));
    return found != letters_expected_.end() && found->second.services_count > 1;
}

std::size_t SharedDoors::letter_connections_max(const RolesConfig& config) const {
    const auto found = letters_expected_.find(address_of(config));
    return found == letters_expected_.end() ? 0 : found->second.connections_max;
}

std::size_t SharedDoors::letter_connections_max() const {
    std::size_t sum = 0;
    for (const auto& [address, expected] : letters_expected_) {
        sum += expected.connections_max;
    }
    return sum;
}

bool SharedDoors::is_shared_for_metrics(const std::string& address) const {
    const auto found = metrics_.find(address);
    return found != metrics_.end() && found->second.expected.size() > 1;
}

Result<void> SharedDoors::open_letters(const RolesConfig& config,
                                       const ServiceId& service,
                                       net::HttpAnswer answer) {
    Letters& letters = letters_[address_of(config)];
    letters.answers.insert_or_assign(service.text(), std::move(answer));
    if (letters.server) {
        return {};
    }
    const Result<net::Endpoint> endpoint = letters_endpoint(config);
    if (!endpoint) {
        return std::unexpected(endpoint.error());
    }
    net::HttpServerLimits limits = roles::desk_limits(hears_some(config));
    limits.connections_max = std::max(limits.connections_max, letter_connections_max(config));
    letters.server = std::make_unique<net::HttpServer>(
        executor_,
        [&letters](net::HttpRequest request) { return answer_letter(letters, std::move(request)); },
        limits);
    // The agent is another user. Who may speak is for signatures to say, and who may come near for
    // the directory's mode.
    const Result<void> listening = letters.server->listen_openly(*endpoint);
    if (!listening) {
        letters.server.reset();  // The next one is told so, too.
        return fail(config.listen.empty() ? "roles.socket" : "roles.listen", listening.error());
    }
    return {};
}

Result<void> SharedDoors::open_metrics(const std::string& address,
                                       const ServiceId& service,
                                       net::HttpAnswer answer) {
    Metrics& metrics = metrics_[address];
    metrics.answers.insert_or_assign(service.text(), std::move(answer));
    if (metrics.door) {
        return {};
    }
    metrics.door =
        std::make_unique<MetricsDoor>(executor_, [this, &metrics](net::HttpRequest request) {
            return answer_reader(metrics, std::move(request));
        });
    const Result<void> listening = metrics.door->listen(address);
    if (!listening) {
        metrics.door.reset();  // The next one is told so, too.
    }
    return listening;
}

void SharedDoors::close(const ServiceId& service) {
    for (auto& [address, letters] : letters_) {
        letters.answers.erase(service.text());
    }
    for (auto& [address, metrics] : metrics_) {
        metrics.answers.erase(service.text());
    }
}

Task<net::HttpResponse> SharedDoors::answer_letter(const Letters& letters,
                                                   net::HttpRequest request) {
    const auto found = letters.answers.find(service_named(request.body));
    if (found == letters.answers.end()) {
        co_return nobody_of_that_name();
    }
    const net::HttpAnswer answer = found->second;
    co_return co_await answer(std::move(request));
}

net::HttpResponse SharedDoors::readiness() const {
    const std::string why = stands_by_();
    return why.empty() ? text(ok, "acts\n") : text(unavailable, "stands by: " + why + "\n");
}

Task<net::HttpResponse> SharedDoors::answer_reader(const Metrics& metrics,
                                                   net::HttpRequest request) {
    if (request.path == "/readyz") {
        co_return readiness();
    }
    const Answers answers = metrics.answers;  // One may be closed while another is asked.
    std::vector<ServicePage> pages;
    std::string ill;
    PrometheusPage up;
    up.begin("homeostat_service_up", "gauge", "1 while the service is guarded by this process.");
    for (const std::string& service : metrics.expected) {
        const auto answer = answers.find(service);
        up.add(answer == answers.end() ? 0 : 1, {{"service", service}});
        if (answer == answers.end()) {
            ill += service + ": is not guarded; the log says why\n";
            continue;
        }
        net::HttpResponse one = co_await answer->second(request);
        if (one.status != ok) {
            ill += fmt::format("{}: {}\n", service, one.body);
        } else {
            pages.emplace_back(service, std::move(one.body));
        }
    }
    if (request.path == "/metrics") {
        co_return net::HttpResponse{.status = ok,
                                    .body = up.text() + join_metrics(pages),
                                    .content_type = std::string(prometheus_content_type)};
    }
    // To be started anew helps one of many less than it harms the others.
    co_return pages.empty() ? text(unavailable, ill) : text(ok, ill.empty() ? "ok\n" : ill);
}

Task<void> SharedDoors::stop(Instant deadline) {
    for (auto& [address, letters] : letters_) {
        if (letters.server) {
            co_await letters.server->stop(deadline);
        }
    }
    for (auto& [address, metrics] : metrics_) {
        if (metrics.door) {
            co_await metrics.door->stop(deadline);
        }
    }
}

}  // namespace homeostat::app
