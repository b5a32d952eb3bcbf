"""The part of JSON Schema (2020-12) that docs/case.schema.json uses: the test needs no package.
A keyword that is not here is an error, never passed over."""

KEYWORDS = {
    "$schema",
    "$defs",
    "$ref",
    "title",
    "description",
    "type",
    "required",
    "properties",
    "additionalProperties",
    "items",
    "prefixItems",
    "minItems",
    "enum",
    "const",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "minLength",
    "maxLength",
}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool}


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_type(value, name):
    if name == "number":
        return _is_number(value)
    if name == "integer":
        return _is_number(value) and value == int(value)
    return isinstance(value, TYPES[name])


def _scalars(value, rule, place):
    names = rule.get("type", [])
    if names and not any(
        _is_type(value, name) for name in ([names] if isinstance(names, str) else names)
    ):
        yield f"{place}: is no {names}"
    if "const" in rule and value != rule["const"]:
        yield f"{place}: is not {rule['const']}"
    if "enum" in rule and value not in rule["enum"]:
        yield f"{place}: {value!r} is none of {rule['enum']}"
    if _is_number(value):
        if (
            value < rule.get("minimum", value)
            or value > rule.get("maximum", value)
            or value <= rule.get("exclusiveMinimum", value - 1)
        ):
            yield f"{place}: {value} is out of range"
    if isinstance(value, str):
        if not rule.get("minLength", 0) <= len(value) <= rule.get("maxLength", len(value)):
            yield f"{place}: has {len(value)} characters"


def _array(value, rule, schema, place):
    prefix = rule.get("prefixItems", [])
    if len(value) < rule.get("minItems", 0):
        yield f"{place}: has {len(value)} items"
    for at, item in enumerate(value):
        inner = prefix[at] if at < len(prefix) else rule.get("items", {})
        if inner is False:
            yield f"{place}[{at}]: is one too many"
        else:
            yield from errors(item, inner, schema, f"{place}[{at}]")


def _object(value, rule, schema, place):
    for name in rule.get("required", []):
        if name not in value:
            yield f"{place}: lacks {name}"
    for name, member in value.items():
        if name in rule.get("properties", {}):
            yield from errors(member, rule["properties"][name], schema, f"{place}.{name}")
        elif rule.get("additionalProperties") is False:
            yield f"{place}: {name} is unknown"


def errors(value, rule, schema, place="case"):
    """Yields what of `value` breaks `rule`, with its place."""
    unknown = set(rule) - KEYWORDS
    if unknown:
        raise ValueError(f"{place}: the schema uses {unknown}, which this does not know")
    if "$ref" in rule:
        yield from errors(value, schema["$defs"][rule["$ref"].rsplit("/", 1)[1]], schema, place)
        return
    yield from _scalars(value, rule, place)
    if isinstance(value, list):
        yield from _array(value, rule, schema, place)
    if isinstance(value, dict):
        yield from _object(value, rule, schema, place)
