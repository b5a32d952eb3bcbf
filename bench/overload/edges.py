"""The proxies between caller and callee, policy by policy.

Pure: makes texts. What Envoy is told under each policy stands here and nowhere else.
"""

from pathlib import Path

HERE = Path(__file__).resolve().parent
ROUTER = "envoy.extensions.filters.http.router.v3.Router"
MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ADAPTIVE = "envoy.extensions.filters.http.adaptive_concurrency.v3.AdaptiveConcurrency"


def filled_in(name, words):
    """A template with every @WORD@ replaced."""
    text = (HERE / name).read_text()
    for word, value in words.items():
        text = text.replace(f"@{word}@", str(value))
    if "@" in text:
        raise ValueError(f"{name}: a word is missing: {text[text.index('@'):][:40]}")
    return text


def http_filter(name, config):
    return {"name": name, "typed_config": config}


def at_type(name, **members):
    return {"@type": f"type.googleapis.com/{name}", **members}


def adaptive_concurrency():
    """The slowest tenth of every 0.1 s beside the smallest round trip, which is measured as it
    starts and then each minute, three calls at a time (Envoy's default): not in an overload."""
    return http_filter("envoy.filters.http.adaptive_concurrency", at_type(
        ADAPTIVE,
        gradient_controller_config={
            "sample_aggregate_percentile": {"value": 90},
            "concurrency_limit_params": {"concurrency_update_interval": "0.1s"},
            "min_rtt_calc_params": {"jitter": {"value": 10}, "interval": "60s",
                                    "request_count": 50}},
        enabled={"default_value": True, "runtime_key": "adaptive_concurrency.enabled"}))


def cluster_parts(policy, slots_in_all):
    """What the policy adds to the cluster of the callee."""
    if policy == "envoy_outlier":
        return {"outlier_detection": {}}  # Envoy's defaults: five 5xx in a row, 10 %, 30 s.
    if policy in ("envoy_breaker", "throttle_breaker"):
        # By hand, for this callee and its only caller: twice as many calls at once as it has slots.
        return {"circuit_breakers": {"thresholds": [{"max_requests": 2 * slots_in_all}]}}
    return {}  # Envoy's defaults: 1,024 connections, as many that wait.


def envoy_config(policy, words):
    endpoints = [{"endpoint": {"address": {"socket_address": {
        "address": "127.0.0.1", "port_value": words[f"CALLEE_{index}_PORT"]}}}}
        for index in range(words["INSTANCES"])]
    cluster = {
        "name": "callee", "type": "STATIC", "connect_timeout": "0.2s",
        "load_assignment": {"cluster_name": "callee", "endpoints": [{"lb_endpoints": endpoints}]},
        "lb_policy": "LEAST_REQUEST",
        **cluster_parts(policy, words["INSTANCES"] * words["SLOTS"])}
    filters = [http_filter("envoy.filters.http.router", at_type(ROUTER))]
    if policy == "envoy_adaptive":
        filters.insert(0, adaptive_concurrency())
    manager = at_type(
        MANAGER, stat_prefix="callee", http_filters=filters,
        route_config={"name": "callee", "validate_clusters": True, "virtual_hosts": [{
            "name": "all", "domains": ["*"], "routes": [{
                "match": {"prefix": "/"},
                "route": {"cluster": "callee", "timeout": f"{words['TRY_MS'] / 1e3}s"}}]}]})
    listener = {
        "name": "edge",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": words["EDGE_PORT"]}},
        "filter_chains": [{"filters": [http_filter(
            "envoy.filters.network.http_connection_manager", manager)]}]}
    return {"node": {"id": "edge", "cluster": "overload"},
            "admin": {"address": {"pipe": {"path": f"{words['DIR']}/admin.sock"}}},
            "static_resources": {"clusters": [cluster], "listeners": [listener]}}
