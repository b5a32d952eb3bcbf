#!/usr/bin/env python3
"""docs/pledge.schema.json: it takes the messages that the decoder takes, one of each kind, and
nothing that lacks a field, has one more, or is out of bounds."""

import copy
import json
import unittest
from pathlib import Path

import jsonschema

ROOT = Path(__file__).resolve().parent.parent.parent
SCHEMA = json.loads((ROOT / "docs/pledge.schema.json").read_text())
KINDS = ["beacon", "cfp", "offer", "refuse", "accept", "renew", "release", "revoke", "req_cap",
         "grant", "deny", "outcome", "intend", "word"]


def examples():
    """The fuzzer's seed with one message of each kind; their signatures are added there."""
    lines = (ROOT / "fuzz/seeds/pledge_message/every_kind.txt").read_text().splitlines()
    return [json.loads(line) | {"signature": "0" * 128} for line in lines]


class Schema(unittest.TestCase):
    def setUp(self):
        self.validator = jsonschema.Draft202012Validator(SCHEMA)

    def test_it_is_one(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def test_it_takes_one_of_each_kind(self):
        self.assertEqual([message["body"]["kind"] for message in examples()], KINDS)
        for message in examples():
            self.assertEqual([error.message for error in self.validator.iter_errors(message)], [])

    def test_it_has_the_fields_in_the_order_of_the_bytes(self):
        for message in examples():
            self.assertEqual(list(message), list(SCHEMA["properties"]))
            body = next(one for one in SCHEMA["properties"]["body"]["oneOf"]
                        if one["properties"]["kind"]["const"] == message["body"]["kind"])
            self.assertEqual(list(message["body"]), list(body["properties"]))

    def test_no_field_may_be_missing_or_unknown(self):
        for message in examples():
            for place in ("envelope", "body"):
                inside = message if place == "envelope" else message["body"]
                for field in [*inside, "unheard_of"]:
                    changed = copy.deepcopy(message)
                    part = changed if place == "envelope" else changed["body"]
                    if field in part:
                        del part[field]
                    else:
                        part[field] = 1
                    with self.subTest(kind=message["body"]["kind"], field=field):
                        self.assertFalse(self.validator.is_valid(changed))

    def test_no_field_may_be_out_of_bounds(self):
        wrong = [-1, 2**53, "", "a b", None, 1.5, [], {}]
        for message in examples():
            for field in message["body"]:
                for value in wrong:
                    changed = copy.deepcopy(message)
                    changed["body"][field] = value
                    with self.subTest(kind=message["body"]["kind"], field=field, value=value):
                        self.assertFalse(self.validator.is_valid(changed))

    def test_a_beacon_alone_belongs_to_no_incident(self):
        beacon, cfp = examples()[:2]
        self.assertFalse(self.validator.is_valid(beacon | {"incident": "i-7"}))
        self.assertFalse(self.validator.is_valid(cfp | {"incident": ""}))
        self.assertFalse(self.validator.is_valid(cfp | {"to_epoch": 0}))
        self.assertTrue(self.validator.is_valid(beacon | {"to_epoch": 0}))


if __name__ == "__main__":
    unittest.main()
