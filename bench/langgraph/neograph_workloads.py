#!/usr/bin/env python3
"""What a superstep costs in NeoGraph: the graphs of bench/state_graph_bench.cpp, under its names.

    neograph_workloads.py --workload heal_200 --saver memory --seconds 1

As langgraph_workloads.py. NeoGraph's engine is C++; here it calls nodes that are Python, as those
of LangGraph are.

    none      no checkpoints
    memory    InMemoryCheckpointStore; one engine and one store for each run
    sqlite    SqliteCheckpointStore in a file of $TMPDIR; it sets WAL mode and synchronous=FULL
"""

import platform
from importlib.metadata import version

import neograph_engine as neograph
from peer_runs import main, measured

SUPERSTEPS_MAX = 1_000_000
LOG_LINE = "e" * 190
HEAL_APPENDS = ("error_log", "actions_taken")
HEAL_BEGIN = {"incident": "", "service": "", "signature": "", "menu": "", "decision": "",
              "verdict": "", "attempts_count": 0, "is_healed": False}


def writes_of(**values):
    return [neograph.ChannelWrite(name, value) for name, value in values.items()]


def node(name, run):
    """`run` gets the state and gives writes, or a NodeResult; its type has the name of the node."""

    class Node(neograph.GraphNode):
        def get_name(self):
            return name

        def run(self, given):
            return run(given.state)

    neograph.NodeFactory.register_type(name, lambda *_: Node())
    return name, {"type": name}


def choice(to, **values):
    return neograph.NodeResult(command=neograph.Command(to, writes_of(**values)))


# --- the graphs: nodes, edges, channels that append, the beginning, whether an end is right ----
def heal(rounds_count):
    def verify(state):
        is_healed = state.get("attempts_count") >= rounds_count
        return choice("close" if is_healed else "analyse", is_healed=is_healed)

    nodes = [
        node("analyse", lambda _: writes_of(error_log=[LOG_LINE],
                                            signature="5xx/upstream/payments",
                                            menu="restart,rollback,observe")),
        node("decide", lambda _: writes_of(decision="restart payments-1")),
        node("guard", lambda _: choice("act", verdict="allow")),
        node("act", lambda state: writes_of(actions_taken=["restart payments-1 #"],
                                            attempts_count=state.get("attempts_count") + 1)),
        node("verify", verify),
        node("close", lambda _: [])]
    edges = [("analyse", "decide"), ("decide", "guard"), ("act", "verify")]
    return nodes, edges, HEAL_APPENDS, HEAL_BEGIN, lambda end: (
        end["is_healed"] and len(end["error_log"]) == rounds_count)


def loop(rounds_count):
    def again(state):
        count = state.get("count") + 1
        return choice("again" if count < rounds_count else "close", count=count)

    nodes = [node("again", again), node("close", lambda _: [])]
    return nodes, [], (), {"count": 0}, lambda end: end["count"] == rounds_count


def chain(nodes_count):
    names = [f"n{index}" for index in range(1, nodes_count + 1)]
    nodes = [node(name, lambda _: []) for name in names]
    return nodes, list(zip(names, names[1:])), (), {"count": 0}, lambda end: end["count"] == 0


def fan_out(pieces_count):
    def spread(_):
        return neograph.NodeResult(sends=[neograph.Send("work", {"number": number})
                                          for number in range(pieces_count)])

    nodes = [node("spread", spread),
             node("work", lambda piece: writes_of(results=[str(piece.get("number"))])),
             node("close", lambda _: [])]
    wanted = [str(number) for number in range(pieces_count)]
    return (nodes, [("work", "close")], ("results",), {"number": 0},
            lambda end: end["results"] == wanted)


GRAPHS = {"heal": heal, "loop": loop, "chain": chain, "fan_out": fan_out}


def definition_of(nodes, edges, appends, begin):
    edges = [(neograph.START_NODE, nodes[0][0]), *edges, (nodes[-1][0], neograph.END_NODE)]
    channels = {name: {"reducer": "append"} for name in appends}
    channels |= {name: {"reducer": "overwrite"} for name in begin}
    return {"schema_version": neograph.TOPOLOGY_SCHEMA_VERSION, "name": "bench",
            "channels": channels, "nodes": dict(nodes),
            "edges": [{"from": source, "to": target} for source, target in edges]}


def engine_of(definition, store):
    return neograph.GraphEngine.compile(definition, neograph.NodeContext(), store,
                                        stderr_notices=False)


def run_once(engine, begin, thread):
    return engine.run(neograph.RunConfig(thread_id=thread, input=begin, max_steps=SUPERSTEPS_MAX,
                                         stream_mode=neograph.StreamMode.VALUES))


def measure(options, directory):
    name, _, count = options.workload.rpartition("_")
    nodes, edges, appends, begin, is_right = GRAPHS[name](int(count))
    definition = definition_of(nodes, edges, appends, begin)
    ran = run_once(engine_of(definition, None), begin, "counted")
    end = {key: channel["value"] for key, channel in ran.output["channels"].items()}
    assert is_right(end), end
    # The trace has a line for each task; those of a fan-out are one superstep between two.
    supersteps = 3 if name == "fan_out" else len(ran.execution_trace)
    store = {"none": lambda: None, "memory": neograph.InMemoryCheckpointStore,
             "sqlite": lambda: neograph.SqliteCheckpointStore(str(directory / "checkpoints"))
             }[options.saver]()
    engine = engine_of(definition, store)

    def forget(_):
        nonlocal engine
        if options.saver == "memory":
            engine = engine_of(definition, neograph.InMemoryCheckpointStore())

    runs = measured(lambda thread: run_once(engine, begin, thread), forget, supersteps,
                    options.seconds)
    return runs | {"bytes": None, "versions": {"NeoGraph": version("neograph-engine"),
                                               "CPython": platform.python_version()}}


if __name__ == "__main__":
    main(__doc__, measure)
