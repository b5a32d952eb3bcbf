#include "homeostat/app/own_start.hpp"

#include "homeostat/adapters/system/switch_file.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/os/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace homeostat::app {

namespace {

constexpr unsigned own_mode = 0600;

struct StartsFile {
    std::vector<AgentStart> starts;

    static void fields(auto& self, auto&& field) { field("starts", self.starts); }
};

/// So that spans between them can be.
bool can_be(const AgentStart& one) {
    constexpr auto years = std::chrono::years{200};
    return one.at >= Instant{} && one.at <= Instant{} + years && one.wall_at >= WallTime{} &&
           one.wall_at <= WallTime{} + years;
}

Result<std::vector<AgentStart>> read_starts(const std::string& file) {
    const Result<std::string> text = os::read_file(file, starts_bytes_max);
    if (!text) {
        return text.error().fault == Fault::absent ? Result<std::vector<AgentStart>>{}
                                                   : std::unexpected(text.error());
    }
    Result<std::vector<AgentStart>> starts = parse_starts(*text);
    return starts ? std::move(starts) : fail(file, starts.error());
}

Result<void> write_starts(const std::string& file, std::vector<AgentStart> starts) {
    if (starts.empty()) {
        return os::remove_file(file);
    }
    if (starts.size() > starts_kept_max) {
        starts.erase(starts.begin(), starts.end() - starts_kept_max);
    }
    if (Result<void> made = os::make_directories(os::parent_of(file)); !made) {
        return made;
    }
    return os::write_file_atomically(file, to_text(to_json(StartsFile{std::move(starts)})),
                                     own_mode);
}

/// Empty: it is none.
std::string loop_of(const Result<std::vector<AgentStart>>& before,
                    const std::vector<AgentStart>& starts,
                    std::uint32_t loop_starts) {
    if (!before) {
        return "crash loop: how often the agent was started lately cannot be read: " +
               before.error().text;
    }
    return starts.size() < loop_starts
               ? std::string()
               : fmt::format(
                     "crash loop: start {} in ten minutes of an agent that did not end in "
                     "order; it only watches until `homeostat resume`",
                     starts.size());
}

}  // namespace

std::filesystem::path starts_file_of(const std::filesystem::path& ledger) {
    std::string path = ledger.string();
    while (path.size() > 1 && path.ends_with('/')) {
        path.pop_back();
    }
    return path + ".starts";
}

Result<std::vector<AgentStart>> parse_starts(std::string_view text) {
    const Result<json::value> document =
        parse_json(text, {.bytes_max = starts_bytes_max, .depth_max = 4});
    if (!document) {
        return std::unexpected(document.error());
    }
    Result<StartsFile> file = from_json<StartsFile>(*document);
    if (file && !std::ranges::all_of(file->starts, can_be)) {
        return fail(Fault::invalid, "starts: a moment that cannot be");
    }
    return file ? Result<std::vector<AgentStart>>(std::move(file->starts))
                : std::unexpected(file.error());
}

std::vector<AgentStart> starts_lately(std::vector<AgentStart> starts, const AgentStart& now) {
    std::erase_if(starts, [&now](const AgentStart& one) {
        const Duration age =
            one.boot_id == now.boot_id ? now.at - one.at : Duration{now.wall_at - one.wall_at};
        return age >= crash_loop_within;
    });
    return starts;
}

Result<std::unique_ptr<OwnStart>> OwnStart::note(const StartPlace& place, AgentStart now) {
    std::unique_ptr<OwnStart> own(new OwnStart(place.file, std::move(now)));
    own->is_noted_ = place.loop_starts > 0;
    if (!own->is_noted_) {
        return own;
    }
    const Result<std::vector<AgentStart>> before = read_starts(own->file_.string());
    std::vector<AgentStart> starts =
        starts_lately(before.value_or(std::vector<AgentStart>{}), own->own_);
    starts.push_back(own->own_);
    own->loop_ = loop_of(before, starts, place.loop_starts);
    if (!own->loop_.empty()) {
        const Result<void> engaged =
            adapters::system::SwitchFile(place.switch_file).engage_because(own->loop_);
        if (!engaged) {
            return fail(own->loop_, engaged.error());
        }
        starts = {own->own_};  // Whoever resumes has seen those before.
    }
    if (const Result<void> written = write_starts(own->file_.string(), std::move(starts));
        !written) {
        own->trouble_ = written.error().text;
    }
    return own;
}

OwnStart::~OwnStart() {
    if (!is_noted_) {
        return;
    }
    Result<std::vector<AgentStart>> starts = read_starts(file_.string());
    if (!starts) {
        return;  // The next start has to tell of it.
    }
    std::erase(*starts, own_);
    (void)write_starts(file_.string(), *std::move(starts));
}

}  // namespace homeostat::app
