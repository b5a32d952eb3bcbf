// What is used up: memory, disks, descriptors, threads, pools, queues, time.

#include "homeostat/sense/lexicon.hpp"

namespace homeostat::sense {

namespace {

using enum GlossClass;

constexpr GlossRow rows[] = {
    {"out_of_memory", "out of memory", resource,
     "out of memory|out of memory error|java heap space|cannot allocate memory|enomem|oom "
     "killed|oom kill|oom killer|memory exhausted|allocation failed|bad alloc|std bad alloc|"
     "memory error|heap out of memory|allocation failure|gc overhead limit exceeded|metaspace|"
     "direct buffer memory|insufficient memory|heap limit|out of memory exception|could not "
     "allocate memory|not enough memory|can t allocate memory|memory allocation * failed|killed "
     "process * total vm|runtime out of memory|unable to allocate|failed to allocate|oom "
     "command not allowed|memory limit exceeded|memory limit reached|exceeded memory limit|"
     "memory cgroup out of memory|cannot allocate|malloc failed|mmap failed|memory allocation "
     "error|memory pressure|circuit breaking exception|data too large|no memory available|"
     "overcommit memory|exceeds memory"},
    {"disk_full", "disk full", resource,
     "no space left on device|enospc|disk full|disk is full|disk space|not enough space|"
     "insufficient disk space|out of disk space|disk quota exceeded|edquot|no space left|flood "
     "stage disk watermark|disk watermark|low disk watermark|high disk watermark|filesystem "
     "full|volume is full|disk usage exceeded|could not extend file|not enough disk space|free "
     "disk space|no space|database or disk is full|there is not enough space on the disk|low on "
     "disk|disk usage * above|table is full|partition is full|storage full|read only allow "
     "delete"},
    {"inodes_exhausted", "inodes exhausted", resource,
     "no inodes|out of inodes|inodes exhausted|no free inodes|inode limit"},
    {"too_many_files", "too many open files", resource,
     "too many open files|emfile|enfile|file table overflow|file descriptor limit|out of file "
     "descriptors|descriptors exhausted|no file descriptors available|maxsock|fd limit|rlimit "
     "nofile|open file limit|max number of clients|unable to set the max number of files|too "
     "many open file|ulimit|file descriptors exhausted|out of fds"},
    {"threads_exhausted", "threads exhausted", resource,
     "unable to create new native thread|unable to create native thread|can t start new thread|"
     "resource temporarily unavailable|could not fork|cannot fork|fork failed|thread pool "
     "exhausted|no available threads|thread pool is exhausted|rejected execution exception|task "
     "rejected|cannot create thread|worker pool exhausted|no free workers|thread starvation|"
     "starvation|worker connections are not enough|server reached max children|thread pool "
     "queue|pthread create failed|unable to fork|failed to create thread|all workers are busy|"
     "no idle workers|es rejected execution exception|reached pm max children|thread starvation "
     "or clock leap|goroutine leak|too many goroutines|thread limit|workers exhausted|executor "
     "is full|no worker available|event loop blocked|blocked for * seconds|thread pool full"},
    {"pool_exhausted", "connection pool exhausted", resource,
     "pool exhausted|pool is exhausted|connection pool exhausted|connection is not available "
     "request timed out|timeout waiting for connection from pool|timeout waiting for idle "
     "object|pool error timeout|queue pool limit|queuepool limit|connection pool timeout|"
     "acquire connection timeout|resource request timed out|knex timeout acquiring|timeout "
     "acquiring a connection|timeout expired * pool|pool timeout|max pool size|connection pool "
     "is full|pool is full|no available connections|no connections available|pool empty|could "
     "not acquire connection|cannot get a connection|unable to acquire jdbc connection|cannot "
     "acquire connection|wait queue timeout|waitqueuetimeout|connection pool timed out|all "
     "connections in use|all pooled connections were in use|no idle connections|checkout timed "
     "out|timed out * checking out|timed out * connection pool|connection pool shut down|pool "
     "size * reached|pool depleted|pool limit|could not obtain connection|waiting for a "
     "connection|hikari pool * connection is not available|pool exhausted exception|connection "
     "pool * closed|waiting for available connection|no free connections|waiting for a free "
     "connection|pool drained|timed out fetching a new connection|failed to obtain * connection|"
     "failed to get connection from pool|failed to checkout"},
    {"too_many_connections", "too many connections", resource,
     "too many connections|too many clients|remaining connection slots|max number of clients "
     "reached|max connections|maxclients|connection limit exceeded|connection limit|maximum "
     "number of connections|too many sessions|max user connections|connections exceeded|user * "
     "has exceeded|host * is blocked because of many connection errors|connection slots|sorry "
     "too many clients already|listen queue overflow|backlog * full|maximum connections|"
     "connection quota|session limit"},
    {"queue_full", "queue full", resource,
     "queue full|queue is full|buffer full|buffer is full|queue overflow|buffer exhausted "
     "exception|buffer exhausted|enobufs|no buffer space|mailbox full|queue limit|queue "
     "capacity|backpressure|back pressure|queue size exceeded|channel full|ring buffer full|"
     "buffer overflow|queue length * exceeded|missed tick|dropping message|dropping messages|"
     "dropping events|messages dropped|events dropped|dropped because|queue saturated|queue has "
     "reached|lag exceeds|slow consumer|falling behind|consumer lag|output buffer limits|queue "
     "exceeded|rejecting new work|event queue"},
    {"cpu_starved", "processor overloaded", resource,
     "cpu throttled|cpu throttling|soft lockup|cpu saturation|high load|overloaded|overload|"
     "load average too high|server busy|server is busy|too busy|system overloaded|cpu usage * "
     "above|rcu sched stall|hung task|blocked for more than|load shedding|shedding load|service "
     "overloaded|server too busy exception|clock leap"},
    {"gc_pause", "long garbage collection", resource,
     "gc pause|gc overhead|full gc|stop the world|pause full|garbage collection took|long gc|gc "
     "took|gc duration|spent * collecting|detected jvm pause|concurrent mode failure|to space "
     "exhausted|evacuation failure|promotion failed|mark sweep|scavenge * allocation failure"},
    {"file_limit", "file too large", resource, "file too large|efbig|file size limit exceeded"},
    {"disk_error", "disk failing", resource,
     "input output error|i o error|eio|disk error|read error|medium error|bad sector|"
     "unrecovered read error|buffer i o error|smart error|uncorrectable|blk update request|"
     "critical medium error|failed command|write error|disk failure|ata * failed|could not "
     "fsync|fsync failed|could not write to file|could not read block|could not read from file|"
     "write failed|failed to write|hardware error|nvme * timeout|device error"},
    {"read_only_disk", "file system read only", resource,
     "read only file system|erofs|remounting filesystem read only|filesystem is read only|"
     "mounted read only|read only filesystem"},
    {"process_killed", "process killed", resource,
     "sigkill|killed by signal|was killed|signal 9|exit code 137|terminated by signal|signal "
     "killed|process killed|code killed|status 137|exited with code 137"},
    {"deadlock", "deadlock", resource,
     "deadlock|deadlock detected|deadlock found|all goroutines are asleep|edeadlk|found one "
     "java level deadlock|deadlocked|deadlock victim|deadlock loser|could not serialize access "
     "due to|dead lock|thread deadlock|potential deadlock|resource deadlock"},
    {"lock_timeout", "lock wait timed out", resource,
     "lock wait timeout|lock timeout|lock not available|could not obtain lock|canceling "
     "statement due to lock timeout|database is locked|lock wait|failed to acquire lock|unable "
     "to acquire lock|could not acquire lock|lock request time out|table is locked|resource "
     "busy and acquire|lock held|waiting for lock|lock acquisition|still waiting for|sqlite "
     "busy|lock contention|cannot lock|lock obtain failed|couldn t lock|already locked|lock "
     "file|ebusy|device or resource busy|is locked by|advisory lock|pessimistic lock exception|"
     "failed to obtain lock|lock expired|lost lock"},
    {"slow_query", "slow query", dependency,
     "slow query|slow sql|long running query|slowlog|duration * ms statement|slow request|query "
     "took|slow response|slow operation|query execution time|slow statement|slow command|slow "
     "log|took too long|slow call|long running transaction|slow transaction|request took|"
     "exceeded slow threshold"},
    {"query_timeout", "query timed out", dependency,
     "canceling statement due to statement timeout|statement timeout|query timeout|query timed "
     "out|query execution was interrupted|maximum statement execution time exceeded|max "
     "execution time|execution timeout expired|canceling statement due to user request|"
     "operation exceeded time limit|max time msexpired|statement timed out|query canceled|query "
     "cancelled|command timeout|sql timeout exception|transaction timed out|transaction timeout|"
     "idle in transaction timeout|query exceeded|terminating connection due to idle|command "
     "timed out|query exceeded time|exceeded time limit|db timeout"},
};

}  // namespace

std::span<const GlossRow> resource_rows() {
    return rows;
}

}  // namespace homeostat::sense
