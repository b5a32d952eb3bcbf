"""The Prometheus text format (0.0.4), with all refused that a producer should not do."""

import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)")
HELP = re.compile(rf"# HELP ({NAME}) (\S.*)")
TYPE = re.compile(rf"# TYPE ({NAME}) (counter|gauge|histogram)")


def parse(page):
    """Family → {(sample's name, labels): value}. Asserts that the page is beyond reproach."""
    assert page.endswith("\n") and "\r" not in page and "\n\n" not in page
    families, types, name, helped = {}, {}, None, None
    for line in page.splitlines():
        if found := HELP.fullmatch(line):
            assert helped is None, f"{helped} has no TYPE"
            helped = found[1]
            assert helped not in families, f"{helped} stands twice"
            families[helped] = {}
        elif found := TYPE.fullmatch(line):
            assert found[1] == helped, f"'{line}' does not follow its HELP"
            name, helped = helped, None
            types[name] = found[2]
        else:
            found = SAMPLE.fullmatch(line)
            assert found and helped is None, fX
            suffixes = ("_bucket", "_sum", "_count") if types[name] == "histogram" else ("",)
            assert found[1] in [name + suffix for suffix in suffixes], f"'{line}' is not of {name}"
            series = (found[1], found[2] or "")
            assert series not in families[name], f"'{line}' stands twice"
            families[name][series] = float(found[3])
    assert helped is None, f"{helped} has no TYPE"
    for name, kind in types.items():
        check_family(name, kind, families[name])
    return families


def check_family(name, kind, samples):
    assert all(value == value and abs(value) != float("inf") for value in samples.values()), name
    assert (kind == "counter") == name.endswith("_total"), f"{name} is a {kind}"
    if kind != "gauge":
        assert all(value >= 0 for value in samples.values()), name
    if kind == "histogram":
        check_buckets(name, samples)


def check_buckets(name, samples):
    """Of each series by itself; `le` stands last among its labels."""
    series = {}
    for (sample, labels), value in samples.items():
        if sample.endswith("_bucket"):
            others, _, bound = labels.rpartition('le="')
            series.setdefault(others.rstrip(","), []).append((float(bound[:-1]), value))
    for others, buckets in series.items():
        assert buckets == sorted(buckets), f"{name}: bounds out of order"
        counts = [value for _, value in buckets]
        assert counts == sorted(counts), f"{name}: buckets do not add up"
        assert buckets[-1] == (float("inf"), samples[name + "_count", others]), name


def only(families, name):
    """The value of a family with one sample."""
    value, = families[name].values()
    return value
