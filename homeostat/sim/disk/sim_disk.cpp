#include "homeostat/sim/disk/sim_disk.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/os/error.hpp"

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

namespace homeostat::sim::disk {

namespace {

constexpr std::uint64_t root = 1;

std::unexpected<Error> cannot(std::string_view what, std::string_view path, int number) {
    return std::unexpected(os::write_error(what, path, number));
}

/// "/a/b" and "c" of "/a/b/c".
std::pair<std::string, std::string> split(const std::string& path) {
    const std::size_t slash = path.find_last_of('/');
    if (slash == std::string::npos) {
        return {"", path};
    }
    return {path.substr(0, slash), path.substr(slash + 1)};
}

/// The sector's bytes, zeros where the file had none yet.
std::string sector_of(const std::string& bytes, std::size_t sector) {
    const std::size_t begin = std::min(sector * sector_bytes, bytes.size());
    std::string part = bytes.substr(begin, sector_bytes);
    part.resize(sector_bytes, '\0');
    return part;
}

std::uint64_t pick(const Choose& choose, std::uint64_t count) {
    const std::uint64_t picked = count > 1 ? choose(count) : 0;
    ensure(picked < count, "a choice is one of those there are");
    return picked;
}

}  // namespace

/// Gives the lock back unless the machine has forgotten it meanwhile.
class SimDisk::LockHold final : public os::Hold {
  public:
    LockHold(SimDisk& disk, std::string path, std::uint64_t number)
        : disk_(disk), path_(std::move(path)), number_(number) {}
    ~LockHold() override {
        const auto held = disk_.locks_.find(path_);
        if (held != disk_.locks_.end() && held->second == number_) {
            disk_.locks_.erase(held);
        }
    }
    LockHold(const LockHold&) = delete;
    LockHold& operator=(const LockHold&) = delete;

  private:
    SimDisk& disk_;
    std::string path_;
    std::uint64_t number_;
};

int SimDisk::begin_call(CallKind kind) {
    ++calls_count_;
    if (ask_ && !ask_(kind)) {
        calls_left_ = 0;
    }
    if (calls_left_) {
        if (*calls_left_ == 0) {
            return EIO;
        }
        --*calls_left_;
    }
    if (!fault_ || (fault_->only && *fault_->only != kind)) {
        return 0;
    }
    if (fault_->call_index > 1) {
        --fault_->call_index;
        return 0;
    }
    ++faults_count_;
    const int number = fault_->error_number;
    if (!fault_->is_sticky) {
        fault_.reset();
    }
    return number;
}

SimDisk::NodeNumber SimDisk::find(const std::string& path) const {
    NodeNumber node = root;
    for (std::size_t begin = 0; begin < path.size() && node != 0;) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        if (end > begin) {
            const auto directory = directories_.find(node);
            if (directory == directories_.end()) {
                return 0;
            }
            const auto found = directory->second.names.find(path.substr(begin, end - begin));
            node = found == directory->second.names.end() ? 0 : found->second;
        }
        begin = end + 1;
    }
    return node;
}

SimDisk::Directory* SimDisk::find_directory(const std::string& path) {
    const auto found = directories_.find(find(path));
    return found == directories_.end() ? nullptr : &found->second;
}

SimDisk::File* SimDisk::find_open(const os::OpenFile& file) {
    const auto found = open_.find(file.number);
    return found == open_.end() ? nullptr : &files_.at(found->second);
}

void SimDisk::apply(Names& names, const NameChange& change) {
    if (!change.gone.empty()) {
        names.erase(change.gone);
    }
    if (!change.come.empty()) {
        names[change.come] = change.node;
    }
}

void SimDisk::apply(std::string& bytes, const Change& change) {
    bytes.resize(change.size, '\0');
    bytes += change.bytes;
}

void SimDisk::change_names(Directory& directory, NameChange change) {
    apply(directory.names, change);
    directory.unsynced.push_back(std::move(change));
}

std::uint64_t SimDisk::bytes_count() const {
    std::uint64_t count = 0;
    for (const auto& [number, file] : files_) {
        count += file.bytes.size();
    }
    return count;
}

bool SimDisk::has_unsynced() const {
    return std::ranges::any_of(files_,
                               [](const auto& it) { return !it.second.unsynced.empty(); }) ||
           std::ranges::any_of(directories_,
                               [](const auto& it) { return !it.second.unsynced.empty(); });
}

Result<os::OpenFile> SimDisk::open(const std::string& path) {
    if (const int number = begin_call(CallKind::open); number != 0) {
        return cannot("open", path, number);
    }
    const auto [parent, name] = split(path);
    NodeNumber node = find(path);
    if (node == 0) {
        Directory* directory = find_directory(parent);
        if (directory == nullptr) {
            return cannot("open", path, ENOENT);
        }
        node = ++last_number_;
        files_.try_emplace(node);
        change_names(*directory, {"", name, node});
    }
    if (!files_.contains(node)) {
        return cannot("open", path, EISDIR);
    }
    os::OpenFile file;
    file.path = path;
    file.number = ++last_number_;
    open_[file.number] = node;
    return file;
}

Result<std::string> SimDisk::read(const std::string& path,
                                  std::uint64_t offset,
                                  std::size_t bytes_max) {
    int number = begin_call(CallKind::read);
    const auto found = files_.find(find(path));
    if (number == 0 && found == files_.end()) {
        number = ENOENT;
    }
    if (number != 0) {
        return std::unexpected(os::read_error("read", path, number));
    }
    const std::string& bytes = found->second.bytes;
    return bytes.substr(std::min<std::uint64_t>(offset, bytes.size()), bytes_max);
}

Result<void> SimDisk::append(const os::OpenFile& file, std::string_view bytes) {
    int number = begin_call(CallKind::append);
    File* target = find_open(file);
    if (target == nullptr) {
        return cannot("write", file.path, EIO);
    }
    std::size_t taken = bytes.size();
    if (bytes_max_ != 0 && number == 0) {
        const std::uint64_t used = std::min(bytes_count(), bytes_max_);
        taken = std::min<std::uint64_t>(taken, bytes_max_ - used);
        number = taken < bytes.size() ? ENOSPC : 0;
    } else if (number != 0) {
        taken = number == EROFS || is_stopped() ? 0 : taken / 2;
    }
    if (taken > 0) {
        Change change{target->bytes.size(), std::string(bytes.substr(0, taken))};
        apply(target->bytes, change);
        target->unsynced.push_back(std::move(change));
    }
    if (number != 0) {
        return cannot("write", file.path, number);
    }
    return {};
}

Result<void> SimDisk::sync(const os::OpenFile& file) {
    const int number = begin_call(CallKind::sync);
    File* target = find_open(file);
    if (target == nullptr) {
        return cannot("make durable", file.path, EIO);
    }
    if (number != 0) {
        target->has_failed = target->has_failed || (!target->unsynced.empty() && !is_stopped());
        return cannot("make durable", file.path, number);
    }
    if (!target->has_failed) {
        target->durable_bytes = target->bytes;
        target->unsynced.clear();
    }
    return {};
}

Result<void> SimDisk::rewrite(const std::string& path, std::string_view bytes) {
    int number = begin_call(CallKind::rewrite);
    const auto found = files_.find(find(path));
    number = number == 0 && found == files_.end() ? ENOENT : number;
    if (number != 0) {
        return cannot("write", path, number);
    }
    File& file = found->second;
    file.bytes.replace(0, std::min(bytes.size(), file.bytes.size()), bytes);
    file.durable_bytes = file.bytes;
    file.unsynced.clear();
    file.has_failed = false;
    return {};
}

Result<void> SimDisk::truncate(const os::OpenFile& file, std::uint64_t size) {
    int number = begin_call(CallKind::truncate);
    File* target = find_open(file);
    number = target == nullptr ? EIO : number;
    if (number != 0) {
        return cannot("cut", file.path, number);
    }
    if (size != target->bytes.size()) {
        Change change{size, ""};
        apply(target->bytes, change);
        target->unsynced.push_back(std::move(change));
    }
    return {};
}

Result<void> SimDisk::rename(const std::string& from, const std::string& to) {
    int number = begin_call(CallKind::rename);
    const auto [parent, name] = split(from);
    ensure(split(to).first == parent, "a file is renamed within its directory");
    const NodeNumber node = find(from);
    number = number == 0 && node == 0 ? ENOENT : number;
    if (number != 0) {
        return cannot("put in place", to, number);
    }
    change_names(*find_directory(parent), {name, split(to).second, node});
    return {};
}

Result<void> SimDisk::remove(const std::string& path) {
    if (const int number = begin_call(CallKind::remove); number != 0) {
        return cannot("delete", path, number);
    }
    if (find(path) != 0) {
        const auto [parent, name] = split(path);
        change_names(*find_directory(parent), {name, "", 0});
    }
    return {};
}

Result<void> SimDisk::sync_directory(const std::string& path) {
    int number = begin_call(CallKind::sync_directory);
    Directory* directory = find_directory(path);
    number = number == 0 && directory == nullptr ? ENOENT : number;
    if (number != 0) {
        return cannot("write the directory", path, number);
    }
    directory->durable_names = directory->names;
    directory->unsynced.clear();
    return {};
}

Result<void> SimDisk::make_directories(const std::string& path) {
    if (const int number = begin_call(CallKind::make_directories); number != 0) {
        return cannot("make the directory", path, number);
    }
    for (std::size_t end = 0; end != std::string::npos;) {
        end = path.find('/', end + 1);
        const std::string upto = path.substr(0, end);
        if (find(upto) == 0) {
            const auto [parent, name] = split(upto);
            Directory* directory = find_directory(parent);
            if (directory == nullptr) {
                return cannot("make the directory", path, ENOTDIR);
            }
            directory->names[name] = ++last_number_;
            directory->durable_names[name] = last_number_;
            directories_.try_emplace(last_number_);
        }
    }
    if (find_directory(path) == nullptr) {
        return cannot("make the directory", path, ENOTDIR);
    }
    return {};
}

Result<std::vector<std::string>> SimDisk::list(const std::string& path) {
    const int number = begin_call(CallKind::list);
    const Directory* directory = find_directory(path);
    if (number != 0 || directory == nullptr) {
        return fail(number == 0 ? Fault::absent : Fault::full,
                    path + ": cannot list it: " + os::text_of(number == 0 ? ENOENT : number));
    }
    std::vector<std::string> names;
    for (const auto& [name, node] : directory->names) {
        names.push_back(name);
    }
    return names;
}

Result<std::unique_ptr<os::Hold>> SimDisk::take_lock(const std::string& path) {
    if (const int number = begin_call(CallKind::take_lock); number != 0) {
        return cannot("open the lock", path, number);
    }
    if (find_directory(split(path).first) == nullptr) {
        return cannot("open the lock", path, ENOENT);
    }
    if (locks_.contains(path)) {
        return fail(Fault::busy, path + " is locked by another process (end that process)");
    }
    locks_[path] = ++last_number_;
    return std::make_unique<LockHold>(*this, path, last_number_);
}

void SimDisk::lose(File& file, const Choose& choose, WriteOrder order) {
    // What the file was, moment by moment.
    std::vector<std::string> versions{file.durable_bytes};
    for (const Change& change : file.unsynced) {
        versions.push_back(versions.back());
        apply(versions.back(), change);
    }
    std::string left = order == WriteOrder::kept ? left_in_order(versions, file.unsynced, choose)
                                                 : left_in_any_order(versions, choose);
    file = File{.bytes = left, .durable_bytes = std::move(left), .unsynced = {}};
}

std::string SimDisk::left_in_order(const std::vector<std::string>& versions,
                                   const std::vector<Change>& changes,
                                   const Choose& choose) {
    const std::uint64_t version = pick(choose, versions.size());
    if (version == changes.size() || changes[version].bytes.empty()) {
        return versions[version];
    }
    // Of the write after it as many sectors as reached the medium.
    const std::string& next = versions[version + 1];
    const std::uint64_t whole = changes[version].size / sector_bytes;
    const std::uint64_t more = pick(choose, (next.size() - 1) / sector_bytes - whole + 1);
    return more == 0 ? versions[version] : next.substr(0, (whole + more) * sector_bytes);
}

std::string SimDisk::left_in_any_order(const std::vector<std::string>& versions,
                                       const Choose& choose) {
    std::set<std::size_t> sizes;
    std::ranges::for_each(versions, [&](const std::string& it) { sizes.insert(it.size()); });
    const auto place = static_cast<std::ptrdiff_t>(pick(choose, sizes.size()));
    const std::size_t size = *std::next(sizes.begin(), place);
    std::string left;
    for (std::size_t sector = 0; sector * sector_bytes < size; ++sector) {
        std::vector<std::string> contents;
        for (const std::string& version : versions) {
            std::string content = sector_of(version, sector);
            if (std::ranges::find(contents, content) == contents.end()) {
                contents.push_back(std::move(content));
            }
        }
        if (contents.size() > 1) {  // Torn: the new one as far as its middle.
            contents.push_back(contents.back().substr(0, sector_bytes / 2) +
                               contents.front().substr(sector_bytes / 2));
        }
        left += contents[pick(choose, contents.size())];
    }
    left.resize(size);
    return left;
}

void SimDisk::lose_power(const Choose& choose, WriteOrder order) {
    for (auto& [number, directory] : directories_) {
        directory.names = directory.durable_names;
        bool is_kept = true;
        for (const NameChange& change : directory.unsynced) {
            // Names are journalled in order, or each goes its own way.
            is_kept =
                order == WriteOrder::kept ? is_kept && pick(choose, 2) == 1 : pick(choose, 2) == 1;
            if (is_kept) {
                apply(directory.names, change);
            }
        }
        directory.durable_names = directory.names;
        directory.unsynced.clear();
    }
    for (auto& [number, file] : files_) {
        if (!file.unsynced.empty()) {
            lose(file, choose, order);
        }
        file.has_failed = false;
    }
    boots_count_ += 1;
    end_processes();
}

void SimDisk::end_processes() {
    open_.clear();
    locks_.clear();
    calls_left_.reset();
    fault_.reset();
}

void SimDisk::rot(const std::string& path, std::uint64_t bit_index) {
    File& file = files_.at(find(path));
    const std::size_t at = bit_index / 8;
    ensure(at < file.bytes.size(), "the bit that rots is one of the file's");
    const auto mask = static_cast<char>(1U << (bit_index % 8));
    file.bytes[at] = static_cast<char>(file.bytes[at] ^ mask);
    if (at < file.durable_bytes.size()) {
        file.durable_bytes[at] = static_cast<char>(file.durable_bytes[at] ^ mask);
    }
}

}  // namespace homeostat::sim::disk
