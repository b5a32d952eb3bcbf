// Any bytes on the control socket: they go through the real server to the real API. The kill switch
// moves only for a POST to its path, what is recorded can be read back and keeps its maximum, and
// whatever is answered is HTTP.

#include "homeostat/app/control_api.hpp"
#include "homeostat/app/switches.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/heal/simulated_ports_for_test.hpp"
#include "homeostat/net/http_server.hpp"

#include <boost/asio/io_context.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using homeostat::ensure;
namespace app = homeostat::app;
namespace heal = homeostat::heal;
namespace net = homeostat::net;

namespace {

/// One agent without a world to act upon, behind its socket.
class Agent {
  public:
    Agent() {
        const auto endpoint = net::unix_endpoint(path_);
        ensure(endpoint && server_.listen(*endpoint), "the control socket is there");
    }
    ~Agent() {
        ::unlink(path_.c_str());
        ::unlink((directory_ + "/suspended").c_str());
        ::rmdir(directory_.c_str());
    }
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;

    std::string answer_to(std::string_view bytes) {
        const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ensure(socket >= 0, "there are descriptors");
        sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
        path_.copy(address.sun_path, sizeof address.sun_path - 1);
        const auto* name = reinterpret_cast<const sockaddr*>(&address);
        ensure(::connect(socket, name, sizeof address) == 0, "the agent listens");
        ensure(::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                   static_cast<ssize_t>(bytes.size()),
               "a request fits into the socket");
        ::shutdown(socket, SHUT_WR);
        std::string answer = read_all(socket);
        ::close(socket);
        return answer;
    }

    [[nodiscard]] bool is_suspended() const { return kill_switch_.is_engaged(); }

    heal::SimulatedDisk disk{.append_takes = {}};

  private:
    static std::string made_directory() {
        std::string path{"/tmp/control-fuzz-XXXXXX"};
        ensure(::mkdtemp(path.data()) != nullptr, "there is a temporary directory");
        return path;
    }

    std::string read_all(int socket) {
        constexpr int turns_max = 1'000;
        std::string all;
        std::array<char, 4096> piece{};
        for (int turn = 0; turn < turns_max; ++turn) {
            const ssize_t count = ::recv(socket, piece.data(), piece.size(), MSG_DONTWAIT);
            if (count == 0 || (count < 0 && errno == ECONNRESET)) {
                return all;
            }
            if (count > 0) {
                all.append(piece.data(), static_cast<std::size_t>(count));
                continue;
            }
            context_.restart();
            context_.run_one_for(std::chrono::milliseconds{10});
            context_.poll();
        }
        ensure(false, "a client that has said its last word is not kept waiting");
        return all;
    }

    std::string directory_{made_directory()};
    std::string path_{directory_ + "/control"};
    heal::SimulatedWorld world_;
    boost::asio::io_context context_{1};
    heal::SimulatedClock clock_{world_, context_};
    heal::SimulatedLedger ledger_{disk, clock_};
    app::CountingLedger counted_{ledger_};
    app::Switches kill_switch_{directory_ + "/suspended"};
    heal::ExecutorRole executor_{context_.get_executor(),
                                 {clock_, counted_, kill_switch_, {}, {}},
                                 {.question_for_max = std::chrono::minutes{10}}};
    heal::AgentRole agent_{context_.get_executor(), {clock_, executor_, nullptr, {}}, {}};
    app::ControlApi api_{{.agent = agent_,
                          .executor = executor_,
                          .clock = clock_,
                          .kill_switch = kill_switch_,
                          .service = homeostat::ServiceId("payments"),
                          .takes_changes = true,
                          .figures = &counted_.figures()}};
    net::HttpServer server_{context_.get_executor(), [this](net::HttpRequest request) {
                                return api_.answer(std::move(request));
                            }};
};

void check(const homeostat::EntryGroup& group) {
    const auto written = homeostat::parse_json(homeostat::to_text(homeostat::to_json(group)));
    ensure(written && homeostat::from_json<homeostat::EntryGroup>(*written),
           "what is recorded can be read back");
    for (const homeostat::Entry& entry : group.entries) {
        if (const auto body = homeostat::from_json<homeostat::SwitchBody>(entry.body)) {
            ensure(body->because.size() <= 200, "a person's words keep their maximum");
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Agent agent;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const bool was_suspended = agent.is_suspended();
    const std::string answer = agent.answer_to(bytes);
    ensure(answer.empty() || answer.starts_with("HTTP/1.1 "), "what is answered is HTTP");
    const bool may_flip = bytes.contains("POST /v1/suspend ") || bytes.contains("POST /v1/resume ");
    ensure(may_flip || agent.is_suspended() == was_suspended,
           "the kill switch moves for its own path only");
    for (const homeostat::EntryGroup& group : agent.disk.groups) {
        check(group);
    }
    agent.disk.groups.clear();
    return 0;
}
