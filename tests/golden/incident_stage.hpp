#pragma once

// IncidentStage: the commands of the golden incidents, carried out on a simulated world.
//
//     fault bad VERSION | fault bad_config CONFIG | fault bad_flag FLAGS | fault dependency
//     fault stall INSTANCE
//     fault end INSTANCE | fault slow INSTANCE [forever] | fault surge INSTANCES_NEEDED
//     fault stale SPAN | fault none           a cache is filled wrongly for so long
//     fault task TASK                         its check fails; it was tried, and may act
//     fault hungry INSTANCE MIB MIB_MAX MIB_NEEDED   its pod is ended for want of memory
//     spares COUNT                            so many more instances are declared; first of all
//     starts_take SPAN                        how long a new process does not answer
//     autonomy REMEDY LEVEL                   guard's limit; everything stands at `act` at first
//     demote                                  one that does not help demotes; first of all
//     bar REMEDY CONFIDENCE                   of a model's calibration; first of all
//     unreadable runtime|edge, readable       a part of the world stops answering, or answers again
//     symptom KIND SUBJECT VALUE REMEDY…      the agent proposes: an incident opens
//     propose REMEDY…                         the agent's second opinion
//     cleared                                 the agent sees the symptom no longer
//     verify helped|not_helped                what the next proof says, whatever the world is like
//     suspend, resume                         the kill switch
//     tick SPAN                               time passes
//     settle                                  time passes until only others can go on
//     die before|inside|after EFFECT          kill -9 there, once
//     restart                                 a new process, which has the ledger and nothing else
//     facts                                   the world as it is now
//     explain                                 the story of the incident, without its empty lines
//     review                                  what `autonomy` and `report` tell of it, likewise
//
// Output: `node [-> next]: records`, then indented what was done for the node. What says nothing
// new, a look at the world after which the node waits on, is left out.
//
// Once the script is over every decision of the incident has to come out the same from its ledger.

#include "homeostat/base/result.hpp"
#include "homeostat/heal/simulated_executor_for_test.hpp"

#include <string>
#include <vector>

namespace homeostat::golden {

class IncidentStage {
  public:
    IncidentStage();

    /// ERRORS: invalid: no such command, or words that it does not understand.
    [[nodiscard]] Result<std::vector<std::string>> run(const std::vector<std::string>& words);

    /// What the incident's ledger says when its decisions are made again: a line for each that does
    /// not come out the same. A script without any decision says so.
    [[nodiscard]] std::vector<std::string> replay_troubles() const;

  private:
    struct Command;
    using Words = std::vector<std::string>;

    Result<void> fault(const Words& words);
    void make_bad(const std::string& what, const VersionId& version);
    Result<void> symptom(const Words& words);
    Result<void> propose(const Words& words);
    Result<void> tick(const Words& words);
    Result<void> die(const Words& words);
    Result<void> set_autonomy(const Words& words);
    Result<void> set_bar(const Words& words);
    void print_review();
    void print_lines(const std::string& text);
    void print_facts();
    void print_story();
    void print_commit(const heal::HealingThread& thread, const std::vector<Entry>& records);
    void print_command(const std::string& line);

    heal::SimulatedWorld world_;
    heal::SimulatedExecutor executor_{world_};
    Symptom symptom_;
    std::string node_;
    std::vector<std::string> output_;
};

}  // namespace homeostat::golden
