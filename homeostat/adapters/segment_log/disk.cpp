#include "homeostat/adapters/segment_log/disk.hpp"

#include "homeostat/os/error.hpp"

namespace homeostat::adapters::segment_log {

namespace {

std::unexpected<Error> cannot(std::string_view what,
                              const std::filesystem::path& path,
                              int number) {
    return std::unexpected<Error>(os::write_error(what, path.string(), number));
}

}  // namespace

Result<OpenFile> Disk::open(const std::filesystem::path& path) const {
    if (const int number = probed(DiskCall::open); number != 0) {
        return cannot("open", path, number);
    }
    return calls_->open(path.string());
}

Result<std::string> Disk::read(const std::filesystem::path& path,
                               std::uint64_t offset,
                               std::size_t bytes_max) const {
    if (const int number = probed(DiskCall::read); number != 0) {
        return std::unexpected<Error>(os::read_error("read", path.string(), number));
    }
    return calls_->read(path.string(), offset, bytes_max);
}

Result<void> Disk::append(const OpenFile& file, std::string_view bytes) const {
    if (const int number = probed(DiskCall::write); number != 0) {
        return cannot("write", file.path, number);
    }
    return calls_->append(file, bytes);
}

Result<void> Disk::sync(const OpenFile& file) const {
    if (const int number = probed(DiskCall::sync); number != 0) {
        return cannot("make durable", file.path, number);
    }
    return calls_->sync(file);
}

Result<void> Disk::rewrite(const std::filesystem::path& path, std::string_view bytes) const {
    if (const int number = probed(DiskCall::write); number != 0) {
        return cannot("write", path, number);
    }
    return calls_->rewrite(path.string(), bytes);
}

Result<void> Disk::truncate(const OpenFile& file, std::uint64_t size) const {
    if (const int number = probed(DiskCall::truncate); number != 0) {
        return cannot("cut", file.path, number);
    }
    return calls_->truncate(file, size);
}

Result<void> Disk::place(const std::filesystem::path& path, std::string_view bytes) const {
    const std::filesystem::path beside = path.string() + ".new";
    const Result<OpenFile> file = open(beside);
    if (!file) {
        return std::unexpected<Error>(file.error());
    }
    Result<void> done = truncate(*file, 0);  // A crash may have left one.
    done = done ? append(*file, bytes) : done;
    done = done ? sync(*file) : done;
    done = done ? rename(beside, path) : done;
    if (!done) {
        static_cast<void>(calls_->remove(beside.string()));  // The next one overwrites it.
    }
    return done;
}

Result<void> Disk::sync_directory(const std::filesystem::path& directory) const {
    if (const int number = probed(DiskCall::sync_directory); number != 0) {
        return cannot("make durable", directory, number);
    }
    return calls_->sync_directory(directory.string());
}

Result<void> Disk::remove(const std::filesystem::path& path) const {
    if (const int number = probed(DiskCall::remove); number != 0) {
        return cannot("remove", path, number);
    }
    return calls_->remove(path.string());
}

Result<void> Disk::rename(const std::filesystem::path& from,
                          const std::filesystem::path& to) const {
    if (const int number = probed(DiskCall::rename); number != 0) {
        return cannot("put in place", to, number);
    }
    return calls_->rename(from.string(), to.string());
}

Result<void> Disk::make_directories(const std::filesystem::path& directory) const {
    return calls_->make_directories(directory.string());
}

Result<std::vector<std::string>> Disk::list(const std::filesystem::path& directory) const {
    return calls_->list(directory.string());
}

Result<std::unique_ptr<os::Hold>> Disk::take_lock(const std::filesystem::path& path) const {
    return calls_->take_lock(path.string());
}

}  // namespace homeostat::adapters::segment_log
