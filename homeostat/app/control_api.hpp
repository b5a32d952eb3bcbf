#pragma once

// The control API: HTTP and JSON on the agent's UNIX socket.
//
//     GET  /metrics        Prometheus text (docs/metrics.md)
//     GET  /healthz        200 while the agent watches, judges and can record; else 503 and why
//     GET  /v1/status      what is seen and done now
//     GET  /v1/pledges     what was agreed on with neighbours, and how they are
//     GET  /v1/sources     who is marked at the edge, by which lists
//     POST /v1/suspend     {"because"}: the kill switch
//     POST /v1/resume      {"because"}
//     POST /v1/approve     {"incident","question","because"?}: leave for what was asked, once
//     POST /v1/deny        the same: no
//     POST /v1/close       {"incident","because"?}: it is over, says a person who was needed
//     POST /v1/incidents/ID/undo  {"because"?}: take back what it did last
//     POST /v1/promote     {"remedy","because"}: a demoted kind may do again what it may
//     POST /v1/changes     {"kind","service","to"?,"from"?,"reference"?}: somebody tells of a
//                          change; or a CloudEvent, see change_event.hpp
//
// Reading state from a GET, changing it by POST only; a body that is not understood is refused with
// the place and changes nothing. The socket's file mode (0600) says who may.

#include "homeostat/app/agent_view.hpp"
#include "homeostat/app/change_event.hpp"
#include "homeostat/app/fleet_state.hpp"
#include "homeostat/app/ledger_figures.hpp"
#include "homeostat/app/maintenance.hpp"
#include "homeostat/app/shown_figures.hpp"
#include "homeostat/app/sink_states.hpp"
#include "homeostat/app/switches.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/heal/executor_role.hpp"
#include "homeostat/heal/immune_role.hpp"
#include "homeostat/heal/pledge_role.hpp"
#include "homeostat/net/http_message.hpp"
#include "homeostat/ports/oracle.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

struct ControlContext {
    AgentView agent;
    heal::ExecutorRole& executor;
    ports::Clock& clock;
    Switches& kill_switch;
    const ports::Oracle* oracle{nullptr};
    ServiceId service;
    bool takes_changes{false};
    bool has_approvers{false};                 ///< A yes, and the undo of what lasts, is signed.
    const LedgerFigures* figures{nullptr};     ///< Null: nobody counts, and there is no /metrics.
    const heal::PledgeRole* pledges{nullptr};  ///< Null: no mesh is configured.
    const heal::ImmuneRole* immune{nullptr};   ///< Null: no lists of sources are configured.
    /// How the sinks are; reads a small file. Empty: none are configured.
    std::function<std::vector<SinkState>()> sinks{};
    /// Why nothing new may begin on our own judgement; its answer is empty: it may.
    std::function<std::string()> unwitnessed{};
    const FleetState* fleet{nullptr};         ///< Null: no fleet is configured.
    const Maintenance* maintenance{nullptr};  ///< Null: no windows are configured.
    /// Of objects that are written for people. Empty: none ever are.
    std::function<std::optional<ShownFigures>()> shown{};
};

class ControlApi {
  public:
    explicit ControlApi(ControlContext context);

    Task<net::HttpResponse> answer(net::HttpRequest request);

    /// A change or an event of one, whoever let it in.
    Task<net::HttpResponse> take_change(net::HttpRequest request);

  private:
    Task<net::HttpResponse> tell(net::HttpRequest request);
    [[nodiscard]] net::HttpResponse health() const;
    [[nodiscard]] net::HttpResponse metrics() const;
    [[nodiscard]] net::HttpResponse pledges() const;
    [[nodiscard]] net::HttpResponse sources() const;
    Task<net::HttpResponse> status();
    Task<net::HttpResponse> flip(net::HttpRequest request, bool engage);
    Task<net::HttpResponse> answer_question(net::HttpRequest request);
    Task<net::HttpResponse> close(net::HttpRequest request);
    Task<net::HttpResponse> undo(IncidentId incident, net::HttpRequest request);
    Task<net::HttpResponse> promote(net::HttpRequest request);
    Task<net::HttpResponse> take_event(net::HttpRequest request);

    ControlContext context_;
    ChangeEventsSeen events_seen_;
};

}  // namespace homeostat::app
