// What is so general that everything else comes before it.

#include "homeostat/sense/lexicon.hpp"

namespace homeostat::sense {

namespace {

using enum GlossClass;

constexpr GlossRow rows[] = {
    {"process_stopped", "told to stop", code,
     "sigterm|exit code 143|shutting down|sigint|graceful shutdown|shutdown requested|stopping "
     "server|received shutdown|exiting on signal|smart shutdown|fast shutdown|sigquit"},
    {"timed_out", "timed out", dependency,
     "timed out|time out|timeout exception|timeout error|timeouterror|timeout exceeded|timeout "
     "reached|timeout waiting|timeout while|timeout during|timeout occurred|timeout in|timeout "
     "calling|timeout from|timed out waiting|time limit exceeded|hit timeout|exceeded timeout|"
     "took longer than|gave up waiting|asyncio exceptions timeout error|no answer|no reply|"
     "not responding|unresponsive|no response|did not answer|did not reply|did not respond"},
    {"network_trouble", "network trouble", network,
     "network error|socket error|socket exception|url error|http error|request exception|web "
     "exception|client error|http request exception|http client error exception|fetch failed|"
     "network failure|i o exception|ioexception|os error|request error|network timeout|packet "
     "loss|axios error|got error|curl error|request failed|requests failed|http request failed|"
     "remote call failed|call to * failed|rpc failed|rpc error|grpc error|call failed|connection "
     "exception|remote error|api error|remote exception|call rejected|failed calling|error "
     "calling|failed request|upstream failed|upstream error|dependency failed|request to * "
     "failed|resource access exception|http exception|feign exception|failed to fetch|could not "
     "fetch|failed to call|unable to reach|could not reach|unreachable|failed to reach|cannot "
     "reach|failed to retrieve|error response|failure response|could not read from socket"},
    {"unavailable", "something unavailable", dependency,
     "unavailable|not available|out of service|offline|went down|not reachable|gone away|went "
     "away|not ready|does not answer|not running|is down|no longer available"},
    {"not_found", "something not found", client,
     "not found|could not find|does not exist|no such|cannot find|unable to find|unknown id|"
     "doesn t exist|missing"},
    {"already_exists", "exists already", client,
     "already exists|already registered|already running|already in use|already defined|duplicate"},
    {"unauthorized", "not authorized", credentials, "unauthorized|forbidden|denied"},
    {"rejected", "something refused", client,
     "rejected|refused|not accepted|not allowed|rejecting|refusing"},
    {"cancelled", "cancelled", client,
     "cancelled|canceled|task cancelled|cancelled error|cancellation|cancellation exception|"
     "aborted|interrupted|interrupted exception|interrupted error"},
    {"limit_reached", "limit reached", resource,
     "limit exceeded|limit reached|exceeded the limit|exceeds limit|exhausted|"
     "capacity exceeded|over capacity|too many|exceeds the limit|maximum reached|out of resources|"
     "threshold exceeded|above limit|above threshold|resource limit|insufficient"},
    {"io_failed", "reading or writing failed", resource,
     "read failed|failed to read|could not read|cannot read|unable to read|cannot write|could not "
     "write|unable to write|error reading|error writing|error while reading|error while writing|"
     "short read|short write"},
    {"invalid_input", "invalid input", data,
     "invalid|illegal|not valid|unexpected|unrecognized|bad input|out of range|mismatch|"
     "does not match|incorrect|unknown type|unknown key"},
    {"internal_error", "internal error", code,
     "internal error|unexpected error|unknown error|runtime exception|generic error|server error|"
     "system error|application error|internal failure|system exception|logic error|"
     "fatal error|something went wrong|unspecified error|general error|error occurred"},
};

}  // namespace

std::span<const GlossRow> general_rows() {
    return rows;
}

}  // namespace homeostat::sense
