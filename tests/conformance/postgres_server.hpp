#pragma once

// PostgresServer: a real PostgreSQL on a UNIX socket in a directory of its own, without a password.
// It is killed with the test, also when the test is. For tests only.

#include "homeostat/os/child.hpp"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <filesystem>
#include <iostream>
#include <optional>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace homeostat::conformance {

/// Of the newest that is installed; nothing when none is.
inline std::optional<std::filesystem::path> postgres_programs() {
    std::vector<std::filesystem::path> found;
    std::error_code ignored;
    for (const auto& each : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
        if (std::filesystem::exists(each.path() / "bin/initdb")) {
            found.push_back(each.path() / "bin");
        }
    }
    std::ranges::sort(found);
    return found.empty() ? std::nullopt : std::optional(found.back());
}

inline bool has_postgres() {
    const bool is_there = postgres_programs().has_value();
    if (!is_there) {
        std::cout << "SKIPPED: PostgreSQL is not installed\n";
    }
    return is_there;
}

class PostgresServer {
  public:
    PostgresServer() {
        std::string name =
            (std::filesystem::temp_directory_path() / "conformance-pg-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("no directory for PostgreSQL");
        }
        directory_ = name;
        if (::geteuid() == 0) {
            run({"/bin/chown", "postgres:postgres", name});
        }
        run(as_postgres({(*postgres_programs() / "initdb").string(), "-D", name + "/data", "-U",
                         "postgres", "--auth=trust", "--no-sync", "-E", "UTF8",
                         "--locale=C.UTF-8"}));
        start();
    }
    ~PostgresServer() {  // NOLINT(bugprone-exception-escape): a test ends with it.
        kill();
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }
    PostgresServer(const PostgresServer&) = delete;
    PostgresServer& operator=(const PostgresServer&) = delete;

    [[nodiscard]] std::string url() const {
        return "postgresql://postgres@/postgres?host=" + directory_.string();
    }

    void start() {
        os::Program server;
        server.argv = as_postgres({(*postgres_programs() / "postgres").string(), "-D",
                                   (directory_ / "data").string(), "-k", directory_.string(), "-c",
                                   "listen_addresses=", "-c", "fsync=off"});
        server.directory = directory_.string();
        server.ends_with_us = true;
        Result<os::Child> child = os::spawn(server);
        if (!child) {
            throw std::runtime_error(child.error().text);
        }
        child_.emplace(*std::move(child));
        wait_until([&] { return is_answering(); });
    }

    /// All of it: what serves a connection ends with its parent.
    void kill() {
        if (child_) {
            static_cast<void>(child_->process().send(SIGKILL));
            wait_until([&] { return child_->has_ended(); });
            child_.reset();
        }
    }

    void ask(const std::string& sql) {
        pqxx::connection connection(url());
        pqxx::nontransaction work(connection);
        work.exec(sql);
    }

  private:
    /// It refuses to run as root.
    static std::vector<std::string> as_postgres(std::vector<std::string> argv) {
        if (::geteuid() == 0) {
            const std::vector<std::string> before{"/usr/bin/setpriv", "--reuid=postgres",
                                                  "--regid=postgres", "--clear-groups",
                                                  "--pdeathsig",      "KILL"};
            argv.insert(argv.begin(), before.begin(), before.end());
        }
        return argv;
    }

    void run(std::vector<std::string> argv) const {
        os::Program program;
        program.argv = std::move(argv);
        program.directory = directory_.string();
        Result<os::Child> child = os::spawn(program);
        if (!child) {
            throw std::runtime_error(child.error().text);
        }
        wait_until([&] { return child->has_ended(); });
        if (child->exit_status() != 0) {
            throw std::runtime_error(program.argv.front() + " did not work");
        }
    }

    [[nodiscard]] bool is_answering() const {
        try {
            const pqxx::connection connection(url());
            return connection.is_open();
        } catch (const std::exception&) {
            return false;
        }
    }

    template <class Holds>
    static void wait_until(const Holds& holds) {
        const auto until = std::chrono::steady_clock::now() + std::chrono::minutes{1};
        while (!holds()) {
            if (std::chrono::steady_clock::now() > until) {
                throw std::runtime_error("PostgreSQL does not get there");
            }
            std::this_thread::sleep_for(std::chrono::milliseconds{10});
        }
    }

    std::filesystem::path directory_;
    std::optional<os::Child> child_;
};

}  // namespace homeostat::conformance
