#include "homeostat/app/confirmed_file.hpp"

#include "homeostat/base/json.hpp"
#include "homeostat/os/file.hpp"

#include <cstddef>
#include <utility>

namespace homeostat::app {

namespace {

constexpr std::size_t file_bytes_max = 1024;

}  // namespace

std::filesystem::path confirmed_file_of(const SinkConfig& sink, const Config& config) {
    return config.sinks_directory / (sink.name + ".confirmed");
}

Result<void> write_confirmed(const std::filesystem::path& file, const ConfirmedGroup& confirmed) {
    return os::write_file_atomically(file.string(), to_text(to_json(confirmed)) + "\n", 0600);
}

Result<ConfirmedGroup> read_confirmed(const std::filesystem::path& file) {
    const Result<std::string> text = os::read_file(file.string(), file_bytes_max);
    if (!text) {
        return text.error().fault == Fault::absent
                   ? fail(Fault::absent, "it has confirmed nothing yet")
                   : std::unexpected(text.error());
    }
    const Result<json::value> value = parse_json(*text);
    Result<ConfirmedGroup> confirmed =
        value ? from_json<ConfirmedGroup>(*value) : std::unexpected<Error>(value.error());
    return confirmed ? std::move(confirmed)
                     : fail(Fault::corrupt,
                            file.string() + " is no file of ours: " + confirmed.error().text +
                                "; remove it, and homeostat-shipper writes it anew");
}

}  // namespace homeostat::app
