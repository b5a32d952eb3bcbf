#include "homeostat/app/doctor_peers.hpp"

#include "homeostat/adapters/llm/label.hpp"
#include "homeostat/adapters/llm/model_client.hpp"
#include "homeostat/adapters/llm/model_token.hpp"
#include "homeostat/adapters/llm/prompt.hpp"
#include "homeostat/app/declared.hpp"
#include "homeostat/app/doctor_people.hpp"
#include "homeostat/app/model_place.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/os/clock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

namespace homeostat::app {

namespace {

namespace asio = boost::asio;
namespace llm = adapters::llm;

constexpr Duration answer_within = std::chrono::seconds{2};

/// What a request of ours brought: empty when it is an answer that the agent calls good.
struct Answer {
    std::string trouble;
    bool has_come{false};
    bool is_refused{false};  ///< Nobody listens there.
};

Task<Answer> ask(asio::any_io_executor executor, net::Address address, Instant deadline) {
    net::HttpRequest request;
    request.path = address.path;
    const Result<net::HttpResponse> response = co_await net::request_once(
        executor, std::move(address.endpoint), std::move(request), deadline);
    Answer answer;
    answer.has_come = response.has_value();
    if (!response) {
        answer.trouble = response.error().text;
        answer.is_refused = response.error().fault == Fault::unreachable;
    } else if (response->status < 200 || response->status >= 300) {
        answer.trouble = fmt::format("answered status {}", response->status);
    }
    co_return answer;
}

bool is_any_running(const Config& config) {
    return std::ranges::any_of(instances_of(config), [&config](const auto& instance) {
        return is_running(config, instance.id);
    });
}

// Before the first start nobody is there to answer, and that is as it should be. Only that nobody
// is at the edge cannot be laid to the instances.
Check failed_journey(const Config& config, const net::Address& address, const Answer& answer) {
    const std::string& url = config.journey->url;
    const std::string says = fmt::format("{}: {}", url, answer.trouble);
    if (config.haproxy && answer.is_refused) {
        return ill("journey", says,
                   fmt::format("start HAProxy with a frontend that has `bind {}`, or correct "
                               "journey.url",
                               net::to_text(address.endpoint)));
    }
    if (config.envoy && answer.is_refused) {
        return ill("journey", says,
                   fmt::format("start Envoy with a listener at {}, or correct journey.url",
                               net::to_text(address.endpoint)));
    }
    if (!is_any_running(config)) {
        return note("journey", says + "; no instance runs yet",
                    fmt::format("start `homeostat agent --config {}`, then ask again",
                                config.file.string()));
    }
    return ill("journey", says,
               answer.has_come || answer.is_refused
                   ? fmt::format("`curl -i '{}'` shows the whole answer: mend the service, or "
                                 "correct journey.url",
                                 url)
                   : "mend the service, or write a longer journey.timeout");
}

Task<Findings> check_journey(asio::any_io_executor executor, Config config, Instant deadline) {
    const Result<net::Address> address = net::parse_endpoint(config.journey->url);
    Findings found;
    if (!address) {
        found.push_back(ill("journey", address.error().text, "correct journey.url"));
        co_return found;
    }
    const Instant until = std::min(deadline, os::read_boot_clock() + config.journey->timeout);
    const Answer answer = co_await ask(std::move(executor), *address, until);
    found.push_back(answer.trouble.empty()
                        ? well("journey", config.journey->url + " answers as users want it")
                        : failed_journey(config, *address, answer));
    co_return found;
}

/// Of one instance that runs; nothing when it answers.
Task<Findings> check_probe(asio::any_io_executor executor,
                           adapters::process::DeclaredInstance instance,
                           HttpSignalConfig signal,
                           Instant deadline) {
    const net::Address address{net::TcpEndpoint{"127.0.0.1", instance.port}, signal.path};
    const Instant until = std::min(deadline, os::read_boot_clock() + signal.timeout);
    const Answer answer = co_await ask(std::move(executor), address, until);
    Findings found;
    if (!answer.trouble.empty()) {
        found.push_back(
            ill("probe",
                fmt::format("{} runs, and its health probe {} fails: {}", instance.id.text(),
                            signal.path, answer.trouble),
                fmt::format("`curl -i 'http://127.0.0.1:{}{}'` shows the whole answer: mend the "
                            "service, or correct signals.http",
                            instance.port, signal.path)));
    }
    co_return found;
}

/// How a person starts what model.url names.
std::string starts_model_server(const net::Endpoint& endpoint) {
    const std::string program = model_server_program().string();
    const std::string file = bundled_model().string();
    const bool is_installed = !program.empty() && !file.empty();
    const auto* tcp = std::get_if<net::TcpEndpoint>(&endpoint);
    const std::string place = tcp != nullptr ? fmt::format("{} --port {}", tcp->host, tcp->port)
                                             : std::get<net::UnixEndpoint>(endpoint).path;
    return fmt::format(
        "`{} --model {} --host {}` starts one{}; or leave model out: the rules "
        "decide alone",
        program.empty() ? "llama-server" : program, file.empty() ? "FILE.gguf" : file, place,
        is_installed ? "" : " (`make setup` installs it)");
}

/// What a server says to a token that is not its own, or to none.
bool is_unknown_to_it(const Error& error) {
    return error.text.contains("status 401") || error.text.contains("status 403");
}

Check other_server(const ModelConfig& model, const Error& error) {
    if (is_unknown_to_it(error)) {
        return ill("model", fmt::format("{} does not know us: {}", model.url, error.text),
                   "name the file with its token in model.token_file, or correct that file; until "
                   "then the rules decide");
    }
    const bool is_llama = model.api == llm::ModelApi::llama;
    return ill(
        "model",
        fmt::format("what answers at {} is no {}: {}", model.url,
                    is_llama ? "llama.cpp server" : "server with the openai API", error.text),
        fmt::format("write the address of {} into model.url, correct model.api, or leave "
                    "model out: the rules decide alone",
                    is_llama ? "a llama-server" : "one"));
}

Check unwell_server(const ModelConfig& model, const net::Endpoint& endpoint, const Error& error) {
    const std::string says = fmt::format("{}: {}", model.url, error.text);
    if (error.fault == Fault::absent) {
        return ill("model", says, "correct model.name, or leave it out: its first model is asked");
    }
    if (error.fault == Fault::unreachable) {
        return ill("model", says, starts_model_server(endpoint));
    }
    if (error.fault == Fault::late) {
        return ill("model", says, "end what listens there; " + starts_model_server(endpoint));
    }
    // llama-server says in its own form of JSON why; whatever else answers 503 does not.
    const bool is_loading = error.text.contains("status 503: ");
    return is_loading ? note("model", says, "wait until the model is loaded, then ask again")
                      : other_server(model, error);
}

/// Asks what the oracle asks first: is it well, which model, and is that one there to be asked.
Task<Check> ask_model_server(asio::any_io_executor executor,
                             net::Endpoint endpoint,
                             ModelConfig model,
                             Instant deadline) {
    Result<std::string> token = llm::read_model_token(model.token_file);
    if (!token) {
        co_return ill("model", token.error().text, "mend the file; until then the rules decide");
    }
    const std::unique_ptr<llm::ModelClient> client = llm::make_client(
        std::move(executor), {.endpoint = endpoint, .api = model.api, .model = model.name},
        *std::move(token));
    const Result<void> health = co_await client->health(deadline);
    if (!health) {
        co_return unwell_server(model, endpoint, health.error());
    }
    const Result<std::string> name = co_await client->model_name(deadline);
    if (!name) {
        co_return other_server(model, name.error());
    }
    std::vector<std::string> labels{std::string(llm::label_of(RemedyKind::restart))};
    const Result<void> learned = co_await client->learn_labels(std::string(llm::prompt_question()),
                                                               std::move(labels), deadline);
    if (!learned) {
        co_return ill("model",
                      fmt::format("the server at {} has no model that can be asked: {}", model.url,
                                  learned.error().text),
                      "end it; " + starts_model_server(endpoint));
    }
    co_return well("model", fmt::format("{} serves {}", model.url, *name));
}

Task<Findings> check_model_server(asio::any_io_executor executor,
                                  ModelConfig model,
                                  Instant deadline) {
    const Result<net::Address> address = net::parse_endpoint(model.url);
    Findings found;
    if (!address) {
        found.push_back(ill("model", address.error().text, "correct model.url"));
        co_return found;
    }
    Check check = co_await ask_model_server(std::move(executor), address->endpoint,
                                            std::move(model), deadline);
    found.push_back(std::move(check));
    co_return found;
}

/// Questions under way, and what they found once all of them are over.
class Questions {
  public:
    [[nodiscard]] asio::any_io_executor executor() { return context_.get_executor(); }
    [[nodiscard]] Instant deadline() const { return deadline_; }

    void ask(Task<Findings> question) {
        answers_.push_back(asio::co_spawn(context_, std::move(question), asio::use_future));
    }
    [[nodiscard]] Findings answers() {
        context_.run();
        Findings found;
        for (std::future<Findings>& answer : answers_) {
            std::ranges::move(answer.get(), std::back_inserter(found));
        }
        return found;
    }

  private:
    asio::io_context context_{1};
    Instant deadline_{os::read_boot_clock() + answer_within};
    std::vector<std::future<Findings>> answers_;
};

void ask_caches(const Config& config, Questions& questions) {
    const bool drops = config.guard.autonomy_of(RemedyKind::invalidate_cache) != Autonomy::watch;
    for (const CacheConfig& cache : config.caches) {
        questions.ask(check_cache(questions.executor(), cache, drops, questions.deadline()));
        questions.ask(check_source(questions.executor(), cache, questions.deadline()));
        if (!cache.readers.empty()) {
            questions.ask(check_readers(questions.executor(), cache, questions.deadline()));
        }
    }
}

void ask_probes(const Config& config, Questions& questions) {
    for (const adapters::process::DeclaredInstance& instance : instances_of(config)) {
        if (is_running(config, instance.id)) {
            questions.ask(check_probe(questions.executor(), instance, *config.http_signal,
                                      questions.deadline()));
        }
    }
}

Check sound_probes(const Config& config) {
    return well("probe", is_any_running(config)
                             ? "each instance that runs answers at " + config.http_signal->path
                             : std::string("no instance runs yet, so none is asked"));
}

}  // namespace

Findings check_peers(const Config& config) {
    Questions questions;
    if (config.haproxy) {
        questions.ask(check_edge(questions.executor(), config, questions.deadline()));
    }
    if (config.block_sources) {
        questions.ask(check_block_sources(questions.executor(), config, questions.deadline()));
    }
    if (config.envoy) {
        questions.ask(check_envoy(questions.executor(), config, questions.deadline()));
    }
    ask_caches(config, questions);
    if (config.flags) {
        questions.ask(check_flags(questions.executor(), config, questions.deadline()));
    }
    if (config.journey) {
        questions.ask(check_journey(questions.executor(), config, questions.deadline()));
    }
    const bool asks_probes = config.http_signal && !config.kubernetes;
    if (asks_probes) {
        ask_probes(config, questions);
    }
    if (config.model && !config.model->url.empty()) {
        questions.ask(
            check_model_server(questions.executor(), *config.model, questions.deadline()));
    }
    if (config.console) {
        questions.ask(check_page(questions.executor(), config, questions.deadline()));
    }
    for (std::size_t index = 0; index < config.channels.size(); ++index) {
        questions.ask(check_channel(questions.executor(), config, index, questions.deadline()));
    }
    Findings found = questions.answers();
    if (asks_probes && std::ranges::find(found, "probe", &Check::name) == found.end()) {
        found.push_back(sound_probes(config));
    }
    return found;
}

}  // namespace homeostat::app
