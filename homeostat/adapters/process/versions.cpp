#include "homeostat/adapters/process/versions.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/base/id.hpp"
#include "homeostat/os/error.hpp"
#include "homeostat/os/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string_view>

namespace homeostat::adapters::process {

namespace {

constexpr std::size_t mark_bytes_max = 4096;

Outcome refused(std::string because) {
    return Outcome{OutcomeKind::refused, std::move(because)};
}

Outcome unknown(std::string because) {
    return Outcome{OutcomeKind::unknown, std::move(because)};
}

std::string moved_text(const SwapVersion& step, const std::string& now) {
    return "current points at " + now + ", not at " + step.from.text() + " as expected";
}

}  // namespace

Result<CurrentVersion> Versions::link_at(const std::string& path) const {
    const Result<std::string> target = os::read_link(path);
    if (!target) {
        return std::unexpected(target.error());
    }
    const Result<os::FileIdentity> file = os::identify_file(path);
    if (!file) {
        return std::unexpected(file.error());
    }
    // "versions/v1", "/srv/payments/versions/v1" and either with a slash behind it are the same.
    std::string_view rest = *target;
    rest = rest.ends_with('/') ? rest.substr(0, rest.size() - 1) : rest;
    const std::size_t slash = rest.rfind('/');
    const std::string_view parent =
        slash == std::string_view::npos ? std::string_view{} : rest.substr(0, slash);
    const std::string_view name = rest.substr(slash == std::string_view::npos ? 0 : slash + 1);
    const bool is_ours =
        parent == "versions" || parent == "./versions" || parent == root_ + "/versions";
    if (!is_ours || !is_plain_name(name)) {
        return fail(Fault::invalid, path + " points at '" + *target +
                                        "'; it has to point at versions/NAME beside it");
    }
    return CurrentVersion{VersionId{std::string(name)}, file->inode, file->modified_ns};
}

Result<CurrentVersion> Versions::current() const {
    return link_at(link());
}

Result<std::vector<VersionId>> Versions::present() const {
    const Result<std::vector<std::string>> names =
        os::list_directories(root_ + "/versions", versions_max);
    if (!names) {
        return std::unexpected(names.error());
    }
    std::vector<VersionId> versions;
    for (const std::string& name : *names) {
        if (is_plain_name(name)) {
            versions.emplace_back(name);
        }
    }
    return versions;
}

Result<std::string> Versions::directory_of(const VersionId& version) const {
    std::string path = root_ + "/versions/" + version.text();
    if (!is_plain_name(version.text()) || !os::is_directory(path)) {
        return fail(Fault::absent,
                    "there is no version " + version.text() + " in " + root_ + "/versions");
    }
    return path;
}

EffectId Versions::effect_of(const CurrentVersion& current) const {
    const Result<std::string> text = os::read_file(mark_, mark_bytes_max);
    const Result<json::value> value = text ? parse_json(*text) : fail("mark", text.error());
    const Result<SwapMark> mark = value ? from_json<SwapMark>(*value) : fail("mark", value.error());
    // A mark that cannot be read makes no swap ours; the ledger still knows its own effects.
    const bool is_ours = mark && mark->to == current.version && mark->inode == current.inode &&
                         mark->swapped_ns == current.swapped_ns;
    return is_ours ? mark->effect : EffectId{};
}

/// Checks everything that can be checked and makes the new link aside, and the mark.
Result<std::string> Versions::prepare(const SwapVersion& step, const EffectId& effect) const {
    const Result<CurrentVersion> before = current();
    if (!before) {
        return std::unexpected(before.error());
    }
    if (before->version != step.from) {
        return fail(Fault::refused, moved_text(step, before->version.text()));
    }
    if (const Result<std::string> target = directory_of(step.to); !target) {
        return target;
    }
    std::string aside = root_ + "/.current." + effect.text();
    if (const Result<void> clean = os::remove_file(aside); !clean) {
        return std::unexpected(clean.error());
    }
    const std::string target = "versions/" + step.to.text();
    if (::symlink(target.c_str(), aside.c_str()) != 0) {
        return std::unexpected(os::write_error("make the link", aside, errno));
    }
    const Result<CurrentVersion> made = link_at(aside);
    if (!made) {
        return std::unexpected(made.error());
    }
    const SwapMark mark{effect, step.from, step.to, made->inode, made->swapped_ns};
    if (const Result<void> written = os::write_file_atomically(mark_, to_text(to_json(mark)));
        !written) {
        static_cast<void>(os::remove_file(aside));
        return std::unexpected(written.error());
    }
    return aside;
}

Outcome Versions::swap(const SwapVersion& step,
                       const EffectId& effect,
                       const std::function<void(Phase)>& on_phase) const {
    const Result<std::string> aside = prepare(step, effect);
    if (!aside) {
        return refused(aside.error().text);
    }
    if (on_phase) {
        on_phase(Phase::marked);
    }
    Outcome outcome = exchange(step, *aside);
    if (on_phase && outcome.kind == OutcomeKind::done) {
        on_phase(Phase::swapped);
    }
    static_cast<void>(os::remove_file(*aside));
    const Result<void> synced = os::sync_directory(root_);
    if (outcome.kind == OutcomeKind::done && !synced) {
        return unknown("the link has moved, but " + synced.error().text);
    }
    return outcome;
}

Outcome Versions::exchange(const SwapVersion& step, const std::string& aside) const {
    const auto swap_names = [&] {
        return ::renameat2(AT_FDCWD, aside.c_str(), AT_FDCWD, link().c_str(), RENAME_EXCHANGE) == 0;
    };
    if (!swap_names()) {
        const bool is_unable = errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP;
        return is_unable ? rename_over(step, aside)
                         : refused(os::write_error("swap", link(), errno).text);
    }
    const Result<CurrentVersion> before = link_at(aside);
    if (before && before->version == step.from) {
        return Outcome{OutcomeKind::done, "current points at " + step.to.text()};
    }
    // Somebody moved it between our look and the exchange: it goes back, and theirs stands.
    const bool is_back = swap_names();
    const Result<CurrentVersion> ours = link_at(aside);
    if (is_back && ours && ours->version == step.to) {
        return refused(moved_text(step, before ? before->version.text() : "something else"));
    }
    return unknown("current was moved by somebody else while it was being swapped");
}

Outcome Versions::rename_over(const SwapVersion& step, const std::string& aside) const {
    const Result<CurrentVersion> before = current();
    if (!before || before->version != step.from) {
        return refused(moved_text(step, before ? before->version.text() : "something else"));
    }
    if (std::rename(aside.c_str(), link().c_str()) != 0) {
        return refused(os::write_error("swap", link(), errno).text);
    }
    return Outcome{OutcomeKind::done, "current points at " + step.to.text()};
}

}  // namespace homeostat::adapters::process
