#include "homeostat/os/confinement.hpp"

#include "homeostat/os/error.hpp"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>

namespace homeostat::os {

namespace {

// SOURCE: linux/landlock.h of Linux 6.12. Debian 12's header ends with the second version, and the
// kernel that this runs on may know more than the one that it was built on.
constexpr std::uint64_t fs_execute = 1U << 0U;
constexpr std::uint64_t fs_write_file = 1U << 1U;
constexpr std::uint64_t fs_read_file = 1U << 2U;
constexpr std::uint64_t fs_read_directory = 1U << 3U;
constexpr std::uint64_t fs_remove_file = 1U << 5U;
constexpr std::uint64_t fs_make_file = 1U << 8U;
constexpr std::uint64_t fs_make_socket = 1U << 9U;
constexpr std::uint64_t fs_truncate = 1U << 14U;
constexpr std::uint64_t fs_of_first = (1U << 13U) - 1;
constexpr std::uint64_t scope_abstract_sockets = 1U << 0U;
constexpr std::uint64_t scope_signals = 1U << 1U;
constexpr std::uint32_t ask_version = 1U << 0U;
constexpr int rule_path_beneath = 1;

struct RulesAttributes {
    std::uint64_t handled_fs{0};
    std::uint64_t handled_net{0};
    std::uint64_t scoped{0};
};

struct [[gnu::packed]] PathRule {
    std::uint64_t allowed{0};
    std::int32_t parent_fd{-1};
};

/// 0: this kernel has no Landlock, or whoever confines us lets nobody ask.
long landlock_version() {
    const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0UL, ask_version);
    return version > 0 ? version : 0;
}

/// All that this kernel can forbid: what is not handled is permitted.
RulesAttributes attributes_of(long version) {
    RulesAttributes attributes{.handled_fs = fs_of_first};
    attributes.handled_fs |= version >= 2 ? 1U << 13U : 0U;   // Moving between directories.
    attributes.handled_fs |= version >= 3 ? fs_truncate : 0;  // Before it nobody could forbid that.
    attributes.handled_fs |= version >= 5 ? 1U << 15U : 0U;   // ioctl of devices.
    attributes.scoped = version >= 6 ? scope_abstract_sockets | scope_signals : 0;
    return attributes;
}

/// A kernel refuses a structure that is longer than the one it knows and not zero at its end; the
/// first version knew the first field alone.
std::size_t bytes_of(const RulesAttributes& attributes) {
    return attributes.scoped != 0 ? sizeof attributes : sizeof attributes.handled_fs;
}

Result<void> add_rule(const Fd& rules, const std::string& path, std::uint64_t allowed) {
    const Fd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
    if (!place.is_open()) {
        return errno == ENOENT || errno == ENOTDIR
                   ? Result<void>{}
                   : std::unexpected(read_error("open", path, errno));
    }
    struct stat status{};
    if (::fstat(place.number(), &status) != 0) {
        return std::unexpected(read_error("look at", path, errno));
    }
    constexpr std::uint64_t of_one_file = fs_execute | fs_write_file | fs_read_file | fs_truncate;
    const PathRule rule{.allowed = S_ISDIR(status.st_mode) ? allowed : allowed & of_one_file,
                        .parent_fd = place.number()};
    if (::syscall(SYS_landlock_add_rule, rules.number(), rule_path_beneath, &rule, 0U) != 0) {
        return std::unexpected(read_error("permit", path, errno));
    }
    return {};
}

Result<Fd> rules_for(const ConfinementSettings& settings, long version) {
    const RulesAttributes attributes = attributes_of(version);
    Fd rules(static_cast<int>(
        ::syscall(SYS_landlock_create_ruleset, &attributes, bytes_of(attributes), 0U)));
    if (!rules.is_open()) {
        return std::unexpected(read_error("make", "rules of Landlock", errno));
    }
    constexpr std::uint64_t reading = fs_execute | fs_read_file | fs_read_directory;
    constexpr std::uint64_t changing = fs_read_file | fs_read_directory | fs_write_file |
                                       fs_remove_file | fs_make_file | fs_make_socket | fs_truncate;
    for (const std::string& path : settings.readable) {
        if (const Result<void> added = add_rule(rules, path, reading); !added) {
            return std::unexpected(added.error());
        }
    }
    for (const std::string& path : settings.writable) {
        const Result<void> added = add_rule(rules, path, changing & attributes.handled_fs);
        if (!added) {
            return std::unexpected(added.error());
        }
    }
    return rules;
}

#if defined(__x86_64__)
constexpr std::uint32_t this_machine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t this_machine = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t this_machine = 0;
#endif

constexpr sock_filter load(std::size_t offset) {
    return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

constexpr sock_filter answer(std::uint32_t verdict) {
    return BPF_STMT(BPF_RET | BPF_K, verdict);
}

constexpr sock_filter skip_if(std::uint32_t value, std::uint8_t count) {
    return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, count, 0);
}

constexpr sock_filter skip_unless(std::uint32_t value, std::uint8_t count) {
    return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count);
}

/// The lower half of an argument, on a machine that puts it first; the kernel ignores the other
/// half of these.
constexpr std::size_t argument(std::size_t index) {
    return offsetof(seccomp_data, args) + (index * sizeof(std::uint64_t));
}

/// What belongs to others of our user, and Landlock does not see: modes, owners, dates and
/// attributes of any file, and who is scheduled how. By their numbers where the headers are older.
constexpr auto of_others = std::to_array<long>({
#if defined(SYS_chmod)  // The old names of these calls; arm64 never had them.
    SYS_chmod,
    SYS_chown,
    SYS_lchown,
    SYS_utime,
    SYS_utimes,
    SYS_futimesat,
#endif
    SYS_fchmod,
    SYS_fchmodat,
    452 /* fchmodat2 */,
    SYS_fchown,
    SYS_fchownat,
    SYS_utimensat,
    SYS_setxattr,
    SYS_lsetxattr,
    SYS_fsetxattr,
    463 /* setxattrat */,
    SYS_removexattr,
    SYS_lremovexattr,
    SYS_fremovexattr,
    466 /* removexattrat */,
    469 /* file_setattr */,
    SYS_sched_setscheduler,
    SYS_sched_setparam,
    SYS_sched_setattr,
    SYS_setpriority,
    SYS_ioprio_set,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key});

/// Streams of UNIX sockets may be made, and nobody called. A datagram could be sent to whom it
/// names, a call reach a socket on which somebody trusts our user, and io_uring does all of it
/// without a system call of its own. Into other processes of our user Landlock lets it look no
/// more; where there is none, this does.
std::vector<sock_filter> no_calls() {
    constexpr std::uint32_t refused = SECCOMP_RET_ERRNO | EACCES;
    std::vector<sock_filter> filter{
        load(offsetof(seccomp_data, arch)),
        skip_if(this_machine, 1),
        answer(SECCOMP_RET_KILL_PROCESS),
        load(offsetof(seccomp_data, nr)),
        // The numbers from here on are x32's, the same calls by other names.
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000U, 0, 1),
        answer(SECCOMP_RET_KILL_PROCESS),
    };
    constexpr std::array never{SYS_connect,           SYS_ptrace,      SYS_process_vm_readv,
                               SYS_process_vm_writev, SYS_pidfd_getfd, SYS_io_uring_setup};
    for (const long number : never) {
        filter.push_back(skip_unless(static_cast<std::uint32_t>(number), 1));
        filter.push_back(
            answer(number == SYS_io_uring_setup ? SECCOMP_RET_ERRNO | ENOSYS : refused));
    }
    for (const long number : of_others) {
        filter.push_back(skip_unless(static_cast<std::uint32_t>(number), 1));
        filter.push_back(answer(refused));
    }
    // Of its own limits it may ask; those of another process it could set to nothing.
    filter.insert(filter.end(), {skip_unless(SYS_prlimit64, 4), load(argument(0)), skip_if(0, 1),
                                 answer(refused), answer(SECCOMP_RET_ALLOW)});
    constexpr std::uint32_t type_mask = 0xF;  // The rest are flags: not to block, to close on exec.
    filter.insert(filter.end(), {
                                    skip_if(SYS_socket, 1),
                                    skip_unless(SYS_socketpair, 6),
                                    load(argument(0)),
                                    skip_unless(AF_UNIX, 3),
                                    load(argument(1)),
                                    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, type_mask),
                                    skip_if(SOCK_STREAM, 1),
                                    answer(refused),
                                    answer(SECCOMP_RET_ALLOW),
                                });
    return filter;
}

/// What root needs to open the files of others; which of them, the rules of Landlock say.
bool drop_capabilities() {
    constexpr std::uint32_t kept = (1U << CAP_DAC_OVERRIDE) | (1U << CAP_DAC_READ_SEARCH);
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<__user_cap_data_struct, 2> sets{};
    if (::syscall(SYS_capget, &header, sets.data()) != 0) {
        return false;
    }
    sets[0] = {.effective = sets[0].effective & kept,
               .permitted = sets[0].permitted & kept,
               .inheritable = 0};
    sets[1] = {};
    return ::syscall(SYS_capset, &header, sets.data()) == 0;
}

/// More is always allowed, so a refusal means that there is no /proc: no reason not to start. Of a
/// process that keeps its memory to itself (own_memory.hpp) the file is root's: so it does not for
/// this moment.
void be_ended_first() {
    const int was = ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file >= 0) {
        constexpr std::array most{'1', '0', '0', '0'};
        static_cast<void>(::write(file, most.data(), most.size()));
        ::close(file);
    }
    if (was == 0) {
        ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    }
}

bool limit_data(std::uint64_t bytes_max) {
    const rlimit limit{.rlim_cur = bytes_max, .rlim_max = bytes_max};
    return bytes_max == 0 || ::setrlimit(RLIMIT_DATA, &limit) == 0;
}

/// Of each file that it writes: its disk may be the ledger's.
bool limit_files() {
    constexpr rlim_t bytes_max = rlim_t{64} << 20U;
    const rlimit limit{.rlim_cur = bytes_max, .rlim_max = bytes_max};
    return ::setrlimit(RLIMIT_FSIZE, &limit) == 0;
}

}  // namespace

ConfinementSupport confinement_support() {
    const long version = landlock_version();
    return {.files = version >= 1,
            .signals = version >= 6,
            .network = this_machine != 0 && ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0};
}

Result<Confinement> Confinement::make(const ConfinementSettings& settings) {
    Confinement confinement;
    confinement.data_bytes_max_ = settings.data_bytes_max;
    const ConfinementSupport support = confinement_support();
    if (support.files) {
        Result<Fd> rules = rules_for(settings, landlock_version());
        if (!rules) {
            return std::unexpected(rules.error());
        }
        confinement.rules_ = *std::move(rules);
    }
    if (support.network) {
        confinement.filter_ = no_calls();
        confinement.program_ = {.len = static_cast<std::uint16_t>(confinement.filter_.size()),
                                .filter = confinement.filter_.data()};
    }
    return confinement;
}

bool Confinement::enter() const {
    be_ended_first();
    if (!limit_data(data_bytes_max_) || !limit_files() || !drop_capabilities() ||
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return false;
    }
    if (rules_.is_open() && ::syscall(SYS_landlock_restrict_self, rules_.number(), 0U) != 0) {
        return false;
    }
    return filter_.empty() || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program_, 0, 0) == 0;
}

}  // namespace homeostat::os
