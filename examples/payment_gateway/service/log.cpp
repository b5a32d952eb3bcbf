#include "examples/payment_gateway/service/log.hpp"

#include <fmt/chrono.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

namespace payment_gateway {

std::string in_quotes(std::string_view text) {
    std::string result{"\""};
    for (const char letter : text.substr(0, 80)) {
        const auto byte = static_cast<unsigned char>(letter);
        if (letter == '"' || letter == '\\') {
            result += '\\';
            result += letter;
        } else if (byte < 0x20 || byte == 0x7f) {
            result += fmt::format("\\x{:02x}", byte);
        } else {
            result += letter;
        }
    }
    result += '"';
    return result;
}

Log::Log(std::string instance) : instance_{std::move(instance)} {
    struct stat status{};
    if (fstat(STDOUT_FILENO, &status) == 0 && S_ISFIFO(status.st_mode)) {
        const int flags = fcntl(STDOUT_FILENO, F_GETFL);
        fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK);
    }
}

void Log::write(std::string_view level, std::string_view text) {
    const auto now = std::chrono::system_clock::now();
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() %
        1'000;
    const std::string line = fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z {} {} {}\n",
                                         fmt::gmtime(std::chrono::system_clock::to_time_t(now)), ms,
                                         level, instance_, text);
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) {
        ++dropped_count_;
    }
}

}  // namespace payment_gateway
