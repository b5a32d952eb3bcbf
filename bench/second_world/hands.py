"""Does to a world what a plan says: begins each action, and ends what passes by itself."""

import json
import os
import resource
import signal
import socket
import subprocess
import time

from world import CURRENCIES, HERE, WORLD_UID

DRAIN_S = 0.3  # A deployment gives requests under way so long.


def names_of(world, action):
    if action["role"] == "redis":
        return ["redis"]
    return [world.names[action["role"]][index] for index in action["targets"]]


def send_signal(world, action):
    for name in names_of(world, action):
        world.processes[name].send_signal(getattr(signal, f"SIG{action['signal']}"))


def wake(world, action):
    for name in names_of(world, action):
        world.processes[name].send_signal(signal.SIGCONT)


def torment(world, action):
    told = dict(action)
    if action["do"] == "stutter":
        names = names_of(world, action)
        told["files"] = [str(world.run_dir / f"{name}.pid") for name in names]
        told["pids"] = [world.processes[name].pid for name in names]
    elif action["do"] == "rogue_writer":
        told["port"] = world.redis
        told["rates"] = {name: json.loads(world.get(world.names["rates"][0],
                                                    f"/fx?currency={name}", 2)[1])["rate_ppm"]
                         for name in CURRENCIES}
    else:
        told["port"] = world.edge
    file = world.run_dir / f"{action['do']}.json"
    file.write_text(json.dumps(told))
    world.start_program(action["do"], HERE / "tormentors.py", file)


def end_torment(world, action):
    world.processes[action["do"]].kill()


def limit_cpu(world, action):
    for name in names_of(world, action):
        world.limits[name] = action["quota_us"]
        world.cage(name).limit_cpu(action["quota_us"])
        world.cages[name].take(world.processes[name].pid)


def limit_memory(world, action):
    for name in names_of(world, action):
        world.cage(name).limit_memory(action["bytes"])
        world.cages[name].take(world.processes[name].pid)


def limit_descriptors(world, action):
    """As many as it has open: no new connection can be taken."""
    for name in names_of(world, action):
        pid = world.processes[name].pid
        count = len(os.listdir(f"/proc/{pid}/fd"))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (count, count))


def switch(world, action):
    for name in names_of(world, action):
        world.switch(service=action["role"], instance=name, **action["faults"])


def spoil_network(world, action):
    world.tell_relay({str(world.relayed[name]): action["how"]
                      for name in names_of(world, action)})


def mend_network(world, _):
    world.tell_relay({})


def redis_commands(world, action):
    """All on one connection, as somebody at a prompt."""
    with socket.create_connection(("127.0.0.1", world.redis), 1) as redis:
        for words in action["commands"]:
            redis.sendall(b"*%d\r\n" % len(words) + b"".join(
                b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in words))
            redis.settimeout(0.5)
            redis.recv(4096)


def fill_disk(world, _):
    """A small disk of its own, full to the last byte, on which a copy has to be saved."""
    directory = world.run_dir / "redis"
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=64k,uid={WORLD_UID or 0},mode=700", "none",
                    directory], check=True)
    world.mounts.append(directory)
    with open(directory / "core.1", "wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096):
                pass
        except OSError:
            pass  # It is full.
    redis_commands(world, {"commands": [["CONFIG", "SET", "dir", str(directory)],
                                        ["CONFIG", "SET", "save", "1 1"]]})


def limit_proxy(world, action):
    for name in world.names[action["role"]]:
        world.ask_proxy(f"set maxconn server {action['role']}/{name} {action['connections']}")


def disable_servers(world, action):
    for name in names_of(world, action):
        world.ask_proxy(f"set server {action['role']}/{name} state maint")


def more_load(world, action):
    world.start_load("load-surge", action["rate"], world.plan["number"] + 77,
                     action.get("for", 120))


def prepare_change(world, action):
    """The new version lies there, and the name `current` is its."""
    role, artifact = action["role"], action["artifact"]
    number = world.current[role][artifact] + 1
    if artifact == "config":
        changed = world.operations[role, number] | action.get("operations", {})
        is_rubbish = changed.pop("rubbish", False)
        world.make_config(role, number, '{"workers": 8, "queue_max"' if is_rubbish else
                          json.dumps(changed))
        if "quota_us" in action:
            world.limits[role, number] = action["quota_us"]
    elif "faults" in action:
        world.switch(service=role, version=world.plan["versions"][role]["deploy"][number],
                     **action["faults"])
    world.current[role][artifact] = number


def change(world, action):
    """A deployment as many are: one instance after the other, whatever becomes of them."""
    prepare_change(world, action)
    role = action["role"]
    for name in [one for one in world.names[role] if one in world.wanted]:
        if world.over.is_set():
            return
        was_in = admin_state(world, role, name) == 0
        if was_in:
            world.ask_proxy(f"set server {role}/{name} state drain")
            time.sleep(DRAIN_S)
        world.replace_instance(name)
        if was_in:
            world.ask_proxy(f"set server {role}/{name} state ready")


def admin_state(world, role, name):
    """0: nobody has taken it out by hand."""
    for line in world.ask_proxy(f"show servers state {role}")[1:]:
        row = line.split()
        if row[3] == name:
            return int(row[6])
    return 0


BEGIN = {"signal": send_signal, "stutter": torment, "rogue_writer": torment, "flood": torment,
         "cpu_limit": limit_cpu, "memory_limit": limit_memory,
         "descriptor_limit": limit_descriptors, "switch": switch, "relay": spoil_network,
         "redis": redis_commands, "disk_full": fill_disk, "proxy_limit": limit_proxy,
         "proxy_disabled": disable_servers, "load": more_load, "change": change}
END = {"signal": wake, "relay": mend_network, "rogue_writer": end_torment, "flood": end_torment}


def begin(world, action):
    BEGIN[action["do"]](world, action)


def end(world, action):
    if action["do"] in END:
        END[action["do"]](world, action)
