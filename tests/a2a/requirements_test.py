#!/usr/bin/env python3
"""What A2A 1.0 asks of a server, from outside: homeostat-lab a2a-sut over plain HTTP.

    requirements_test.py --bin build/release/bin [unittest's arguments]

A test that carries an id of the project's compatibility kit (a2aproject/a2a-tck, 1.0) in its name
checks that requirement; one without an id checks what stands in its name.
"""

import json
import re
import sys
import threading
import unittest
from pathlib import Path

import jsonschema

from server_under_test import (CARD_PATH, EXTENSION, ROOT, Client, error_of, message,
                               server_under_test, state_of)

SCHEMA = json.loads((ROOT / "docs/a2a_extension.schema.json").read_text())
ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"


def all_members(value):
    """Every name and its value, however deep."""
    if isinstance(value, dict):
        for name, inside in value.items():
            yield name, inside
            yield from all_members(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from all_members(inside)


class Case(unittest.TestCase):
    def setUp(self):
        self.client = Client(self.url)

    def check_refused(self, answer, code, reason):
        self.assertNotIn("result", answer)
        self.assertEqual(answer["error"]["code"], code)
        self.assertTrue(answer["error"]["message"])
        self.assertEqual(answer["error"]["data"][0]["@type"], ERROR_INFO)
        self.assertEqual(answer["error"]["data"][0]["reason"], reason)
        self.assertEqual(answer["error"]["data"][0]["domain"], "a2a-protocol.org")


class SendingMessages(Case):
    def test_core_send_001_an_answer_is_a_task_or_a_message(self):
        self.assertEqual(list(self.client.send("tck-complete-task-1")), ["task"])
        self.assertEqual(list(self.client.send("tck-message-response-1")), ["message"])

    def test_core_send_002_a_task_that_has_ended_takes_no_message(self):
        task = self.client.task("tck-complete-task-1")
        answer = self.client.send("tck-complete-task-2", taskId=task["id"])
        self.check_refused(answer, -32004, "UNSUPPORTED_OPERATION")

    def test_core_send_003_a_media_type_that_is_not_taken_is_refused(self):
        parts = [{"raw": "dGNr", "mediaType": "application/x-unsupported-tck-type"}]
        answer = self.client.send("tck-send-003", parts=parts)
        self.check_refused(answer, -32005, "CONTENT_TYPE_NOT_SUPPORTED")

    def test_core_execution_mode_001_a_send_waits_until_the_task_is_at_rest(self):
        self.assertEqual(state_of(self.client.task("tck-delayed-complete-1")),
                         "TASK_STATE_COMPLETED")
        self.assertEqual(state_of(self.client.task("tck-input-required-1")),
                         "TASK_STATE_INPUT_REQUIRED")

    def test_core_execution_mode_002_a_send_that_is_to_return_at_once_does(self):
        task = self.client.task("tck-delayed-complete-1",
                                configuration={"returnImmediately": True})
        self.assertEqual(state_of(task), "TASK_STATE_WORKING")

    def test_core_multi_001a_a_context_that_was_made_is_told(self):
        self.assertTrue(self.client.task("tck-complete-task-1")["contextId"])
        self.assertTrue(self.client.send("tck-message-response-1")["message"]["contextId"])

    def test_core_multi_002_a_context_of_the_client_is_kept(self):
        for message_id in ("tck-complete-task-1", "tck-message-response-1"):
            told = self.client.send(message_id, contextId="of-the-client").popitem()[1]
            self.assertEqual(told["contextId"], "of-the-client")

    def test_core_multi_002a_a_context_that_cannot_be_is_refused(self):
        answer = self.client.send("tck-complete-task-1", contextId="with spaces")
        self.check_refused(answer, -32602, "INVALID_PARAMS")

    def test_core_multi_003_each_task_has_an_id_of_its_own(self):
        ids = {self.client.task("tck-complete-task-1")["id"] for _ in range(5)}
        self.assertEqual(len(ids), 5)

    def test_core_multi_004_a_message_to_no_task_is_refused(self):
        answer = self.client.send("tck-multi-004", taskId="tck-nonexistent")
        self.check_refused(answer, -32001, "TASK_NOT_FOUND")

    def test_core_multi_005_a_message_to_a_task_is_of_its_context(self):
        task = self.client.task("tck-input-required-1")
        again = self.client.task("tck-complete-task-1", taskId=task["id"])
        self.assertEqual((again["id"], again["contextId"]), (task["id"], task["contextId"]))
        self.assertEqual(state_of(again), "TASK_STATE_COMPLETED")

    def test_core_multi_006_a_task_and_a_context_that_do_not_belong_together_are_refused(self):
        task = self.client.task("tck-input-required-1")
        answer = self.client.send("tck-complete-task-1", taskId=task["id"], contextId="other")
        self.check_refused(answer, -32602, "INVALID_PARAMS")

    def test_a_task_may_be_rejected(self):
        self.assertEqual(state_of(self.client.task("tck-reject-task-1")), "TASK_STATE_REJECTED")


class Tasks(Case):
    def test_core_get_001_a_task_is_told_as_it_stands(self):
        task = self.client.task("tck-artifact-text-1")
        told = self.client.call("GetTask", {"id": task["id"]})["result"]
        self.assertEqual(told, task)

    def test_core_get_002_a_task_that_is_not_there_is_not_found(self):
        answer = self.client.call("GetTask", {"id": "tck-nonexistent"})
        self.check_refused(answer, -32001, "TASK_NOT_FOUND")

    def test_core_hist_001_and_002_a_history_has_at_most_what_is_asked_for(self):
        task = self.client.task("tck-input-required-1")
        self.client.task("tck-complete-task-1", taskId=task["id"])
        for length in (0, 1, 2):
            told = self.client.call("GetTask", {"id": task["id"], "historyLength": length})
            self.assertEqual(len(told["result"].get("history", [])), length)
            self.assertEqual("history" in told["result"], length > 0)

    def test_core_hist_003_a_send_may_ask_for_no_history(self):
        task = self.client.task("tck-complete-task-1", configuration={"historyLength": 0})
        self.assertNotIn("history", task)

    def test_core_hist_005_and_006_a_history_has_what_was_said_in_its_order(self):
        task = self.client.task("tck-input-required-1")
        told = self.client.task("tck-complete-task-1", taskId=task["id"])
        self.assertEqual([one["messageId"] for one in told["history"][:2]],
                         ["tck-input-required-1", "tck-complete-task-1"])
        self.assertEqual(told["history"][0]["parts"], [{"text": "of a test"}])

    def test_core_list_002_and_004_pages_hold_each_task_once_and_the_last_says_so(self):
        wanted = {self.client.task("tck-complete-task-1", contextId="pages")["id"]
                  for _ in range(5)}
        told, token = [], ""
        while not told or token:
            page = self.client.call("ListTasks", {"contextId": "pages", "pageSize": 2,
                                                  "pageToken": token})["result"]
            self.assertLessEqual(len(page["tasks"]), 2)
            self.assertEqual((page["pageSize"], page["totalSize"]), (2, 5))
            told += [task["id"] for task in page["tasks"]]
            token = page["nextPageToken"]
        self.assertEqual((len(told), set(told)), (5, wanted))

    def test_core_list_003_the_newest_come_first(self):
        for _ in range(4):
            self.client.task("tck-complete-task-1", contextId="order")
        page = self.client.call("ListTasks", {"contextId": "order"})["result"]
        times = [task["status"]["timestamp"] for task in page["tasks"]]
        self.assertEqual(times, sorted(times, reverse=True))

    def test_core_list_005_artifacts_are_told_only_where_they_are_asked_for(self):
        self.client.task("tck-artifact-text-1", contextId="artifacts")
        for is_wanted in (False, True):
            page = self.client.call("ListTasks", {"contextId": "artifacts",
                                                  "includeArtifacts": is_wanted})["result"]
            self.assertEqual("artifacts" in page["tasks"][0], is_wanted)

    def test_a_list_holds_what_was_asked_for(self):
        self.client.task("tck-input-required-1", contextId="filter")
        self.client.task("tck-complete-task-1", contextId="filter")
        page = self.client.call("ListTasks", {"contextId": "filter",
                                              "status": "TASK_STATE_INPUT_REQUIRED"})["result"]
        self.assertEqual([state_of(task) for task in page["tasks"]],
                         ["TASK_STATE_INPUT_REQUIRED"])
        late = self.client.call("ListTasks", {"contextId": "filter",
                                              "statusTimestampAfter": "2200-01-01T00:00:00Z"})
        self.assertEqual((late["result"]["tasks"], late["result"]["nextPageToken"]), ([], ""))
        for params in ({"pageSize": 0}, {"pageSize": 101}, {"pageToken": "7"}, {"status": "X"}):
            self.assertEqual(error_of(self.client.call("ListTasks", params)), -32602)

    def test_core_cancel_001_and_002_a_task_is_canceled_once(self):
        task = self.client.task("tck-input-required-1")
        ended = self.client.call("CancelTask", {"id": task["id"]})["result"]
        self.assertEqual(state_of(ended), "TASK_STATE_CANCELED")
        again = self.client.call("CancelTask", {"id": task["id"]})
        self.check_refused(again, -32002, "TASK_NOT_CANCELABLE")
        self.assertEqual(self.client.call("GetTask", {"id": task["id"]})["result"], ended)

    def test_core_cancel_003_a_task_that_is_not_there_is_not_found(self):
        answer = self.client.call("CancelTask", {"id": "tck-nonexistent"})
        self.check_refused(answer, -32001, "TASK_NOT_FOUND")


class Streams(Case):
    def test_core_stream_001_and_003_a_stream_begins_with_the_task_and_ends_with_it(self):
        events = self.client.follow("SendStreamingMessage",
                                    {"message": message("tck-stream-003-1")})
        kinds = [next(iter(event["result"])) for event in events]
        self.assertEqual(kinds, ["task", "statusUpdate", "artifactUpdate", "statusUpdate"])
        self.assertEqual(state_of(events[0]["result"]["task"]), "TASK_STATE_SUBMITTED")
        self.assertEqual(state_of(events[-1]["result"]["statusUpdate"]), "TASK_STATE_COMPLETED")

    def test_core_stream_002_a_stream_of_a_message_has_nothing_else(self):
        events = self.client.follow("SendStreamingMessage",
                                    {"message": message("tck-stream-002-1")})
        self.assertEqual([list(event["result"]) for event in events], [["message"]])

    def test_jsonrpc_sse_001_each_event_is_an_answer_to_the_call(self):
        for event in self.client.follow("SendStreamingMessage",
                                        {"message": message("tck-stream-001-1")}):
            self.assertEqual((event["jsonrpc"], event["id"]), ("2.0", 7))
            self.assertEqual(len(event["result"]), 1)

    def test_stream_sub_001_and_002_a_subscription_begins_with_the_task_and_ends_with_it(self):
        task = self.client.task("test-resubscribe-message-id-1",
                                configuration={"returnImmediately": True})
        events = self.client.follow("SubscribeToTask", {"id": task["id"]})
        self.assertEqual(events[0]["result"]["task"]["id"], task["id"])
        self.assertEqual(state_of(events[0]["result"]["task"]), "TASK_STATE_WORKING")
        self.assertEqual([state_of(event["result"]["statusUpdate"]) for event in events[1:]],
                         ["TASK_STATE_COMPLETED"])

    def test_stream_sub_003_a_task_that_has_ended_cannot_be_followed(self):
        task = self.client.task("tck-complete-task-1")
        answer = self.client.call("SubscribeToTask", {"id": task["id"]})
        self.check_refused(answer, -32004, "UNSUPPORTED_OPERATION")

    def test_stream_sub_004_a_task_that_is_not_there_cannot_be_followed(self):
        answer = self.client.call("SubscribeToTask", {"id": "tck-nonexistent"})
        self.check_refused(answer, -32001, "TASK_NOT_FOUND")

    def test_stream_order_002_003_004_all_who_follow_hear_the_same_though_one_leaves(self):
        task = self.client.task("tck-input-required-1")
        heard = [[], []]
        are_listening = threading.Barrier(4)

        def follow(events):
            with self.client.stream("SubscribeToTask", {"id": task["id"]}) as stream:
                events.append(next(stream))
                are_listening.wait()
                events.extend(stream)

        def leave():
            with self.client.stream("SubscribeToTask", {"id": task["id"]}) as stream:
                next(stream)
            are_listening.wait()

        listeners = [threading.Thread(target=follow, args=(events,)) for events in heard]
        listeners.append(threading.Thread(target=leave))
        for listener in listeners:
            listener.start()
        are_listening.wait()
        self.client.task("tck-artifact-text-1", taskId=task["id"])
        for listener in listeners:
            listener.join()
        self.assertEqual(heard[0], heard[1])
        self.assertEqual([next(iter(event["result"])) for event in heard[0]],
                         ["task", "artifactUpdate", "statusUpdate"])


class Refusals(Case):
    def test_core_cap_001_push_notifications_are_refused(self):
        for verb in ("Create", "Get", "Delete"):
            answer = self.client.call(f"{verb}TaskPushNotificationConfig", {"taskId": "t"})
            self.check_refused(answer, -32003, "PUSH_NOTIFICATION_NOT_SUPPORTED")
        answer = self.client.call("ListTaskPushNotificationConfigs", {"taskId": "t"})
        self.check_refused(answer, -32003, "PUSH_NOTIFICATION_NOT_SUPPORTED")

    def test_core_cap_003_there_is_no_extended_card(self):
        answer = self.client.call("GetExtendedAgentCard", {})
        self.check_refused(answer, -32004, "UNSUPPORTED_OPERATION")

    def test_core_err_001_and_jsonrpc_err_001_an_error_has_a_code_and_a_message_and_data(self):
        answer = self.client.call("NonExistentMethod", {})
        self.assertEqual(sorted(answer["error"]), ["code", "data", "message"])
        self.assertEqual(answer["error"]["code"], -32601)

    def test_core_err_002_parameters_are_checked_and_what_is_wrong_is_named(self):
        answer = self.client.call("SendMessage", {})
        self.check_refused(answer, -32602, "INVALID_PARAMS")
        violations = answer["error"]["data"][1]["fieldViolations"]
        self.assertEqual([one["field"] for one in violations], ["message"])

    def test_jsonrpc_err_002_and_003_and_sse_002_errors_of_a2a_have_their_codes_and_reasons(self):
        answer = self.client.call("GetTask", {"id": "tck-nonexistent"})
        self.check_refused(answer, -32001, "TASK_NOT_FOUND")
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "SendMessage",
                           "params": {"message": message("m")}})
        answer = self.client.post(body, Content_Type="text/plain")
        self.check_refused(answer, -32005, "CONTENT_TYPE_NOT_SUPPORTED")
        # The kit as it was first published sends a body that is no JSON either.
        answer = self.client.post("{'a': 1}", Content_Type="text/plain")
        self.check_refused(answer, -32005, "CONTENT_TYPE_NOT_SUPPORTED")

    def test_what_is_no_json_rpc_is_refused_by_its_codes(self):
        for body, code in (("{", -32700), ("[]", -32600), ("{}", -32600),
                           ('{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":[]}', -32602),
                           ('{"jsonrpc":"2.0","method":"ListTasks"}', -32600)):
            self.assertEqual(error_of(self.client.post(body)), code)

    def test_ver_server_001_and_ver_client_002_the_version_is_1_0_whatever_its_patch(self):
        for version in ("1.0", "1.0.1", "1.0.99"):
            self.assertIn("result", self.client.call("ListTasks", {}, A2A_Version=version))

    def test_ver_server_002_another_version_is_refused(self):
        for version in ("0.3", "1.1", "2.0", "99.0", "one"):
            answer = self.client.call("ListTasks", {}, A2A_Version=version)
            self.check_refused(answer, -32009, "VERSION_NOT_SUPPORTED")

    def test_ver_server_003_without_a_version_it_is_0_3_which_is_refused(self):
        for version in ("", None):
            answer = self.client.call("ListTasks", {}, A2A_Version=version)
            self.check_refused(answer, -32009, "VERSION_NOT_SUPPORTED")


class TheCard(Case):
    def test_card_disc_001_and_struct_001_the_card_has_all_that_it_must_have(self):
        card = self.client.card()
        for name in ("name", "description", "version", "supportedInterfaces", "capabilities",
                     "defaultInputModes", "defaultOutputModes", "skills"):
            self.assertTrue(card[name], name)
        for skill in card["skills"]:
            for name in ("id", "name", "description", "tags"):
                self.assertTrue(skill[name], name)

    def test_card_proto_001_and_002_the_interface_on_the_card_is_where_we_talk(self):
        self.assertEqual(self.client.card()["supportedInterfaces"],
                         [{"url": self.url, "protocolBinding": "JSONRPC",
                           "protocolVersion": "1.0"}])

    def test_card_cache_001_and_002_the_card_may_be_kept_and_asked_for_by_its_tag(self):
        response, first = self.client.exchange("GET", CARD_PATH)
        self.assertRegex(response.getheader("Cache-Control"), r"\bmax-age=[1-9]")
        tag = response.getheader("ETag")
        self.assertRegex(tag, r'^"[^"]+"$')
        response, again = self.client.exchange("GET", CARD_PATH, headers={"If-None-Match": tag})
        self.assertEqual((response.status, again), (304, b""))
        response, again = self.client.exchange("GET", CARD_PATH,
                                               headers={"If-None-Match": '"other"'})
        self.assertEqual((response.status, again), (200, first))

    def test_the_card_promises_nothing_that_is_refused(self):
        capabilities = self.client.card()["capabilities"]
        self.assertTrue(capabilities["streaming"])
        self.assertFalse(capabilities["pushNotifications"])
        self.assertFalse(capabilities["extendedAgentCard"])


class DataModel(Case):
    def test_dm_serial_001_names_are_in_camel_case(self):
        # Of the members of `data`, `params` and `metadata` A2A says nothing.
        names = {name for name, _ in all_members(self.client.send("tck-artifact-file-1"))}
        self.assertFalse([name for name in names if "_" in name])

    def test_dm_serial_002_enumerators_are_told_by_name(self):
        for name, value in all_members(self.client.send("tck-complete-task-1")):
            if name in ("state", "role"):
                self.assertRegex(value, "^(TASK_STATE|ROLE)_[A-Z_]+$")

    def test_dm_serial_003_times_are_of_utc(self):
        times = [value for name, value in all_members(self.client.send("tck-complete-task-1"))
                 if name == "timestamp"]
        self.assertTrue(times)
        for time in times:
            self.assertTrue(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time), time)

    def test_dm_serial_005_what_is_not_known_is_passed_over(self):
        answer = self.client.call("SendMessage", {
            "message": message("tck-complete-task-1", tckUnknownField="x"), "tckExtraParam": 42})
        self.assertIn("task", answer["result"])

    def test_artifacts_of_each_kind_are_told_as_what_they_are(self):
        for message_id, name, content in (
                ("tck-artifact-text-1", "text", "Generated text content"),
                ("tck-artifact-file-1", "raw", "dGNr"),
                ("tck-artifact-file-url-1", "url", "https://example.com/output.txt"),
                ("tck-artifact-data-1", "data", {"key": "value", "count": 42})):
            artifact = self.client.task(message_id)["artifacts"][0]
            self.assertTrue(artifact["artifactId"])
            self.assertEqual(artifact["parts"][0][name], content)
            self.assertEqual("filename" in artifact["parts"][0], name in ("raw", "url"))


class TheExtension(Case):
    def schema(self, name):
        return jsonschema.Draft202012Validator(SCHEMA["$defs"][name] | {"$defs": SCHEMA["$defs"]})

    def pledge(self, data, **headers):
        params = {"message": message("m", parts=[{"data": data}])}
        return self.client.call("SendMessage", params, **headers)

    def test_its_schema_is_one(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def test_it_is_on_the_card_and_required_of_nobody(self):
        extension = self.client.card()["capabilities"]["extensions"][0]
        self.assertEqual((extension["uri"], extension["required"]), (EXTENSION, False))
        self.schema("card_params").validate(extension["params"])
        del extension["params"]["routes"][0]["modes"][0]["loses"]
        self.assertFalse(self.schema("card_params").is_valid(extension["params"]))

    def test_a_pledge_is_answered_in_a_message_of_the_extension(self):
        self.schema("pledge").validate({"pledge": "a line"})
        answer = self.pledge({"pledge": "a line"}, A2A_Extensions=EXTENSION)
        reply = answer["result"]["message"]
        self.assertEqual(reply["extensions"], [EXTENSION])
        self.schema("answer").validate(reply["parts"][0]["data"])
        self.assertEqual(reply["parts"][0]["data"], {"discarded": "sender_unknown"})

    def test_a_pledge_without_the_extension_is_refused(self):
        for extensions in (None, "", "urn:other"):
            answer = self.pledge({"pledge": "a line"}, A2A_Extensions=extensions)
            self.check_refused(answer, -32008, "EXTENSION_SUPPORT_REQUIRED")

    def test_what_the_schema_does_not_take_is_refused(self):
        for data in ({"pledge": 7}, {"pledge": "a", "also": 1}, {"pledge": None}):
            self.assertFalse(self.schema("pledge").is_valid(data))
            answer = self.pledge(data, A2A_Extensions=EXTENSION)
            self.check_refused(answer, -32602, "INVALID_PARAMS")


def main():
    arguments = sys.argv[1:]
    programs = Path(arguments[arguments.index("--bin") + 1]).resolve()
    del arguments[arguments.index("--bin"):arguments.index("--bin") + 2]
    with server_under_test(programs) as url:
        Case.url = url
        program = unittest.main(argv=[sys.argv[0], *arguments], exit=False)
    return 0 if program.result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
