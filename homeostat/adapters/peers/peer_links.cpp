#include "homeostat/adapters/peers/peer_links.hpp"

#include "homeostat/os/clock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <utility>

namespace homeostat::adapters::peers {

namespace {

struct Waiting {
    std::string message;
    Instant since{};
};

}  // namespace

struct PeerLinks::Link {
    std::string name;
    boost::asio::any_io_executor executor;
    net::HttpClient client;
    LinkLimits limits;
    std::function<void(const std::string&)> log;
    std::deque<Waiting> waiting{};
    bool is_sending{false};
    bool is_ended{false};
    bool is_reached{true};

    void note(bool is_reached_now, const std::string& trouble) {
        if (is_reached != is_reached_now) {
            log(is_reached_now ? "neighbour " + name + " is reached again"
                               : "neighbour " + name + " is not reached: " + trouble);
        }
        is_reached = is_reached_now;
    }
};

namespace {

Task<void> send_all(std::shared_ptr<PeerLinks::Link> link) {
    while (!link->waiting.empty() && !link->is_ended) {
        Waiting next = std::move(link->waiting.front());
        link->waiting.pop_front();
        const Instant now = os::read_boot_clock();
        if (now - next.since > link->limits.waiting_for_max) {
            continue;
        }
        net::HttpRequest request;
        request.method = "POST";
        request.path = pledges_path;
        request.content_type = "application/json";
        request.body = std::move(next.message);
        const Instant deadline = now + link->limits.request_for_max;
        const Result<net::HttpResponse> response =
            co_await link->client.request(std::move(request), deadline);
        if (!link->is_ended) {
            link->note(response.has_value(), response ? std::string() : response.error().text);
        }
    }
    link->is_sending = false;
}

}  // namespace

PeerLinks::PeerLinks(boost::asio::any_io_executor executor,
                     const std::map<std::string, net::Endpoint>& neighbours,
                     std::function<void(const std::string&)> log,
                     LinkLimits limits) {
    for (const auto& [name, endpoint] : neighbours) {
        links_.emplace(name, std::make_shared<Link>(Link{.name = name,
                                                         .executor = executor,
                                                         .client = {executor, endpoint},
                                                         .limits = limits,
                                                         .log = log}));
    }
}

PeerLinks::~PeerLinks() {
    for (const auto& [name, link] : links_) {
        link->is_ended = true;
    }
}

void PeerLinks::send(std::string_view neighbour, std::string message) {
    const auto found = links_.find(neighbour);
    if (found == links_.end()) {
        return;
    }
    const std::shared_ptr<Link>& link = found->second;
    link->waiting.push_back({std::move(message), os::read_boot_clock()});
    if (link->waiting.size() > link->limits.waiting_max) {
        link->waiting.pop_front();
    }
    if (!link->is_sending) {
        link->is_sending = true;
        boost::asio::co_spawn(link->executor, send_all(link), boost::asio::detached);
    }
}

}  // namespace homeostat::adapters::peers
