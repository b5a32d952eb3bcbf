#pragma once

// DiskForTest: this machine's files, but for the calls that a test makes its own.
//
// For tests only.

#include "homeostat/os/disk_calls.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::segment_log {

class DiskForTest : public os::DiskCalls {
  public:
    Result<os::OpenFile> open(const std::string& path) override {
        return os::system_disk().open(path);
    }
    Result<std::string> read(const std::string& path,
                             std::uint64_t offset,
                             std::size_t bytes_max) override {
        return os::system_disk().read(path, offset, bytes_max);
    }
    Result<void> append(const os::OpenFile& file, std::string_view bytes) override {
        return os::system_disk().append(file, bytes);
    }
    Result<void> sync(const os::OpenFile& file) override { return os::system_disk().sync(file); }
    Result<void> rewrite(const std::string& path, std::string_view bytes) override {
        return os::system_disk().rewrite(path, bytes);
    }
    Result<void> truncate(const os::OpenFile& file, std::uint64_t size) override {
        return os::system_disk().truncate(file, size);
    }
    Result<void> rename(const std::string& from, const std::string& to) override {
        return os::system_disk().rename(from, to);
    }
    Result<void> remove(const std::string& path) override { return os::system_disk().remove(path); }
    Result<void> sync_directory(const std::string& path) override {
        return os::system_disk().sync_directory(path);
    }
    Result<void> make_directories(const std::string& path) override {
        return os::system_disk().make_directories(path);
    }
    Result<std::vector<std::string>> list(const std::string& path) override {
        return os::system_disk().list(path);
    }
    Result<std::unique_ptr<os::Hold>> take_lock(const std::string& path) override {
        return os::system_disk().take_lock(path);
    }
};

}  // namespace homeostat::adapters::segment_log
