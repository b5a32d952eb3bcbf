// fault-switch: switches faults of the demo's services on and off, by lines of JSON on stdin.
//
//   fault-switch --socket PATH [--programs DIR]
//
// Each line is answered on stdout by `ok N receivers` or `error WHY`. It ends when stdin closes,
// and with it every fault. DIR holds the programs allowed to read the faults; default: beside this
// one.

#include "examples/payment_gateway/faults/faults_server.hpp"
#include "examples/payment_gateway/service/arguments.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <fmt/core.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <system_error>
#include <thread>

namespace payment_gateway {

namespace {

void answer(FaultsServer& server, const std::string& line) {
    const auto count = server.command(line);
    if (count) {
        fmt::print("ok {} receivers\n", *count);
    } else {
        fmt::print("error {}\n", count.error());
    }
    std::fflush(stdout);
}

/// Hands every line of stdin to the server's thread, then ends the server.
void read_commands(boost::asio::io_context& context, FaultsServer& server) {
    for (std::string line; std::getline(std::cin, line);) {
        boost::asio::post(context, [&server, line] { answer(server, line); });
    }
    boost::asio::post(context, [&context, &server] {
        server.stop();
        context.stop();
    });
}

int serve(const Arguments& arguments) {
    std::error_code ignored;
    const auto own = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
    const std::filesystem::path programs = arguments.text("--programs", own.string());
    boost::asio::io_context context{1};
    FaultsServer server{context.get_executor(),
                        {{"payments", programs / "payments"},
                         {"fraud", programs / "fraud"},
                         {"quotes", programs / "quotes"},
                         {"rates", programs / "rates"}}};
    if (const auto listening = server.listen(arguments.text("--socket")); !listening) {
        fmt::print(stderr, "fault-switch: {}\n", listening.error());
        return 1;
    }
    // A thread of its own, because stdin may be a plain file, which cannot be awaited.
    std::thread reader{[&context, &server] { read_commands(context, server); }};
    context.run();
    reader.join();
    return 0;
}

int run(int count, char** words) {
    constexpr std::array<std::string_view, 2> known{"--socket", "--programs"};
    const auto arguments = Arguments::parse(count, words, known);
    if (!arguments) {
        return refuse("fault-switch", arguments.error());
    }
    if (!arguments->has("--socket")) {
        return refuse("fault-switch", "usage: --socket PATH [--programs DIR]");
    }
    return serve(*arguments);
}

}  // namespace

}  // namespace payment_gateway

int main(int count, char** words) {
    return payment_gateway::run(count, words);
}
