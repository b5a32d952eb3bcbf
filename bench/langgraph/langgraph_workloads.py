#!/usr/bin/env python3
"""What a superstep costs in LangGraph: the graphs of bench/state_graph_bench.cpp, under its names.

    langgraph_workloads.py --workload heal_200 --saver memory --seconds 1

Runs one graph with one saver, over and over in this process, and prints one line of JSON: means per
superstep over the runs. tools/core_figures.py starts it once for each measurement.

    none      no checkpoints
    memory    InMemorySaver, a checkpoint after each superstep
    sqlite    SqliteSaver in a file of $TMPDIR, in WAL mode with synchronous=FULL: each checkpoint
              is on the disk before the graph goes on

The graph is driven by `stream`, the cheapest of its ways, synchronously; tracing is off, the
garbage collector on. Processor time is that of all threads. Of `incidents_N` each incident has its
own `thread_id` and a thread of the process, and all have one saver: it has no group commit.
"""

import operator
import os
import platform
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import Annotated, TypedDict

os.environ["LANGSMITH_TRACING"] = "false"

from langgraph.checkpoint.memory import InMemorySaver  # noqa: E402
from langgraph.checkpoint.sqlite import SqliteSaver  # noqa: E402
from langgraph.graph import END, START, StateGraph  # noqa: E402
from langgraph.types import Send  # noqa: E402
from peer_runs import main, measured  # noqa: E402

SYNCHRONOUS_FULL = 2  # As `PRAGMA synchronous` tells it.
SUPERSTEPS_MAX = 1_000_000
LOG_LINE = "e" * 190
MESSAGE_SIDE = 5  # Rows, columns, and cells of each.
CHANNELS_COUNT = 15
INCIDENT_ROUNDS = 20


# --- the graphs --------------------------------------------------------------------------
class HealState(TypedDict):
    incident: str
    service: str
    error_log: Annotated[list, operator.add]
    signature: str
    menu: str
    decision: str
    verdict: str
    actions_taken: Annotated[list, operator.add]
    attempts_count: int
    is_healed: bool


def heal(rounds_count):
    graph = StateGraph(HealState)
    graph.add_node("analyse", lambda _: {"error_log": [LOG_LINE],
                                         "signature": "5xx/upstream/payments",
                                         "menu": "restart,rollback,observe"})
    graph.add_node("decide", lambda _: {"decision": "restart payments-1"})
    graph.add_node("guard", lambda _: {"verdict": "allow"})
    graph.add_node("act", lambda before: {"actions_taken": ["restart payments-1 #"],
                                          "attempts_count": before["attempts_count"] + 1})
    graph.add_node("verify",
                   lambda before: {"is_healed": before["attempts_count"] >= rounds_count})
    graph.add_node("close", lambda _: None)
    graph.add_edge(START, "analyse")
    graph.add_edge("analyse", "decide")
    graph.add_edge("decide", "guard")
    graph.add_conditional_edges(
        "guard", lambda state: "act" if state["verdict"] == "allow" else "close", ["act", "close"])
    graph.add_edge("act", "verify")
    graph.add_conditional_edges(
        "verify", lambda state: "close" if state["is_healed"] else "analyse", ["analyse", "close"])
    graph.add_edge("close", END)
    begin = {"incident": "", "service": "", "error_log": [], "signature": "", "menu": "",
             "decision": "", "verdict": "", "actions_taken": [], "attempts_count": 0,
             "is_healed": False}
    return graph, begin, lambda end: end["is_healed"] and len(end["error_log"]) == rounds_count


class CountState(TypedDict):
    count: int
    results: Annotated[list, operator.add]


NOTHING_COUNTED = {"count": 0, "results": []}


def loop(rounds_count):
    graph = StateGraph(CountState)
    graph.add_node("again", lambda before: {"count": before["count"] + 1})
    graph.add_node("close", lambda _: None)
    graph.add_edge(START, "again")
    graph.add_conditional_edges(
        "again", lambda state: "again" if state["count"] < rounds_count else "close",
        ["again", "close"])
    graph.add_edge("close", END)
    return graph, NOTHING_COUNTED, lambda end: end["count"] == rounds_count


def chain(nodes_count):
    graph = StateGraph(CountState)
    before = START
    for index in range(1, nodes_count + 1):
        graph.add_node(f"n{index}", lambda _: None)
        graph.add_edge(before, f"n{index}")
        before = f"n{index}"
    graph.add_edge(before, END)
    return graph, NOTHING_COUNTED, lambda end: end == NOTHING_COUNTED


def fan_out(pieces_count):
    graph = StateGraph(CountState)
    graph.add_node("spread", lambda _: None)
    graph.add_node("work", lambda piece: {"results": [str(piece["number"])]})
    graph.add_node("close", lambda _: None)
    graph.add_edge(START, "spread")
    graph.add_conditional_edges(
        "spread", lambda _: [Send("work", {"number": number}) for number in range(pieces_count)],
        ["work"])
    graph.add_edge("work", "close")
    graph.add_edge("close", END)
    wanted = [str(number) for number in range(pieces_count)]
    return graph, NOTHING_COUNTED, lambda end: end["results"] == wanted


def one_message():
    cells = ["hi?" * 10, True, 1, 6327816386138, None]
    return {f"row{row}": {f"column{column}": cells * MESSAGE_SIDE
                          for column in range(MESSAGE_SIDE)} for row in range(MESSAGE_SIDE)}


def new_if_there(before, written):
    return written or before


class WideState(TypedDict):
    messages: Annotated[list, operator.add]
    trigger_events: Annotated[list, operator.add]
    categorizations: Annotated[list, operator.add]
    responses: Annotated[list, operator.add]
    primary_issue_medium: str
    bot_id: str
    autoresponse: dict
    issue: Annotated[dict, new_if_there]
    user_info: Annotated[dict, new_if_there]
    crm_info: Annotated[dict, new_if_there]
    slack_participants: Annotated[dict, operator.or_]
    notified_assignees: Annotated[dict, operator.or_]
    email_thread_id: str
    relevant_rules: list
    memory_docs: list


def wide(messages_count):
    letters = "x" * messages_count

    def five(state):
        last = state["categorizations"][-1]
        return {"user_info": last, "crm_info": last, "email_thread_id": letters,
                "slack_participants": last, "notified_assignees": last, "bot_id": letters}

    graph = StateGraph(WideState)
    graph.add_node("one", lambda state: {"trigger_events": state["messages"],
                                         "primary_issue_medium": letters})
    graph.add_node("two", lambda state: {"autoresponse": state["trigger_events"][-1],
                                         "issue": state["trigger_events"][-1]})
    graph.add_node("three", lambda state: {"relevant_rules": [state["autoresponse"]]})
    graph.add_node("four", lambda state: {"responses": state["trigger_events"],
                                          "categorizations": state["trigger_events"],
                                          "memory_docs": state["trigger_events"]})
    graph.add_node("five", five)
    graph.add_node("six", lambda state: {"messages": state["responses"]})
    graph.add_node("close", lambda _: None)
    graph.add_edge(START, "one")
    graph.add_edge("one", "two")
    graph.add_edge("two", "three")
    graph.add_edge("two", "four")
    graph.add_edge(["three", "four"], "five")
    graph.add_edge("five", "six")
    graph.add_conditional_edges(
        "six", lambda state: "close" if len(state["messages"]) > messages_count else "one",
        ["one", "close"])
    graph.add_edge("close", END)
    return (graph, {"messages": [one_message()]},
            lambda end: len(end["messages"]) > messages_count and len(end) == CHANNELS_COUNT)


GRAPHS = {"heal": heal, "incidents": lambda _: heal(INCIDENT_ROUNDS), "loop": loop, "chain": chain,
          "fan_out": fan_out, "wide": wide}


def graph_of(workload):
    """And how many of it run side by side."""
    name, _, count = workload.rpartition("_")
    return GRAPHS[name](int(count)), int(count) if name == "incidents" else 1


# --- savers ------------------------------------------------------------------------------
def saver_of(name, directory):
    if name == "none":
        return None
    if name == "memory":
        return InMemorySaver()
    saver = SqliteSaver(sqlite3.connect(directory / "checkpoints", check_same_thread=False))
    saver.setup()
    saver.conn.execute("PRAGMA synchronous=FULL")
    assert saver.conn.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert saver.conn.execute("PRAGMA synchronous").fetchone() == (SYNCHRONOUS_FULL,)
    return saver


def bytes_kept(saver):
    """What the checkpoints and their writes hold, without keys, rows, pages and indexes."""
    checkpoints = "SELECT sum(length(checkpoint) + length(metadata)) FROM checkpoints"
    writes = "SELECT coalesce(sum(length(value)), 0) FROM writes"
    return sum(saver.conn.execute(query).fetchone()[0] for query in (checkpoints, writes))


def disk_bytes(saver):
    """Of the whole database."""
    return (saver.conn.execute("PRAGMA page_count").fetchone()[0]
            * saver.conn.execute("PRAGMA page_size").fetchone()[0])


# --- measuring ---------------------------------------------------------------------------
def thread_config(thread):
    return {"configurable": {"thread_id": thread}, "recursion_limit": SUPERSTEPS_MAX}


def supersteps_of(graph, begin, is_right):
    """Also sees that the graph comes to the end that it should. START counts as a superstep."""
    compiled, config = graph.compile(checkpointer=InMemorySaver()), thread_config("counted")
    end = compiled.invoke(begin, config)
    assert is_right(end), end
    return compiled.get_state(config).metadata["step"] + 1


def measure(options, directory):
    (graph, begin, is_right), at_once = graph_of(options.workload)
    supersteps = at_once * supersteps_of(graph, begin, is_right)
    saver = saver_of(options.saver, directory)
    compiled = graph.compile(checkpointer=saver)
    how = {"durability": "sync"} if saver else {}

    def run(thread):
        for _ in compiled.stream(begin, thread_config(thread), **how):
            pass

    def run_all(name):
        list(pool.map(run, [f"{name}-{number}" for number in range(at_once)]))

    def forget(thread):
        if options.saver == "memory":
            saver.delete_thread(thread)

    with ThreadPoolExecutor(at_once) as pool:
        runs = measured(run if at_once == 1 else run_all, forget, supersteps, options.seconds)
    steps = supersteps * (runs["runs"] + 1)  # And the first.
    is_kept = options.saver == "sqlite"
    runs["bytes"] = bytes_kept(saver) / steps if is_kept else None
    runs["disk_bytes"] = disk_bytes(saver) / steps if is_kept else None
    runs["versions"] = {"LangGraph": version("langgraph"),
                        "langgraph-checkpoint-sqlite": version("langgraph-checkpoint-sqlite"),
                        "SQLite": sqlite3.sqlite_version, "CPython": platform.python_version()}
    return runs


if __name__ == "__main__":
    main(__doc__, measure)
