#!/usr/bin/env python3
"""A client that is not ours talks to our A2A server: the SDK of the A2A project for Python.

    foreign_client_test.py --bin build/release/bin

tools/setup.sh installs the SDK into build/a2a_sdk; without it this prints a line that begins with
SKIPPED.
"""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from server_under_test import EXTENSION, ROOT, server_under_test

PYTHON = ROOT / "build/a2a_sdk/venv/bin/python"
SECONDS_MAX = 60  # For each test; the longest waits four for the server on purpose.


def text_of(a2a, message_id, **more):
    return a2a.SendMessageRequest(message=a2a.Message(
        message_id=message_id, role=a2a.Role.ROLE_USER, parts=[a2a.Part(text="hello")], **more))


async def all_of(events):
    return [event async for event in events]


async def the_card_says_where_and_how_we_talk(clients, a2a, url):
    client = await clients(streaming=False)
    card = client._card  # The SDK has no public name for what it has fetched.
    interface = card.supported_interfaces[0]
    assert (interface.url, interface.protocol_binding) == (url, "JSONRPC"), interface
    assert card.capabilities.streaming and not card.capabilities.push_notifications, card
    extension = card.capabilities.extensions[0]
    assert extension.uri == EXTENSION and not extension.required, extension
    route = extension.params["routes"][0]
    assert route["modes"][0]["loses"], route


async def a_message_becomes_a_task_that_can_be_got_and_listed(clients, a2a, url):
    client = await clients(streaming=False)
    events = await all_of(client.send_message(text_of(a2a, "tck-artifact-data-1",
                                                      context_id="of-the-sdk")))
    assert len(events) == 1 and events[0].HasField("task"), events
    task = events[0].task
    assert task.status.state == a2a.TaskState.TASK_STATE_COMPLETED, task
    assert task.artifacts[0].parts[0].data.struct_value["count"] == 42, task
    assert await client.get_task(a2a.GetTaskRequest(id=task.id)) == task
    for number in range(3):
        await all_of(client.send_message(text_of(a2a, f"tck-complete-task-{number}",
                                                 context_id="of-the-sdk")))
    page = await client.list_tasks(a2a.ListTasksRequest(context_id="of-the-sdk", page_size=3))
    assert (len(page.tasks), page.total_size) == (3, 4) and page.next_page_token, page
    rest = await client.list_tasks(a2a.ListTasksRequest(context_id="of-the-sdk", page_size=3,
                                                        page_token=page.next_page_token))
    assert [one.id for one in rest.tasks] == [task.id] and not rest.next_page_token, rest


async def a_message_may_be_answered_by_a_message(clients, a2a, url):
    for streaming in (False, True):
        client = await clients(streaming=streaming)
        events = await all_of(client.send_message(text_of(a2a, "tck-message-response-1")))
        assert len(events) == 1 and events[0].HasField("message"), events
        assert events[0].message.parts[0].text == "Direct message response", events


async def a_task_is_canceled_once(clients, a2a, url):
    from a2a.utils.errors import TaskNotCancelableError, TaskNotFoundError
    client = await clients(streaming=False)
    [event] = await all_of(client.send_message(text_of(a2a, "tck-input-required-1")))
    assert event.task.status.state == a2a.TaskState.TASK_STATE_INPUT_REQUIRED, event
    ended = await client.cancel_task(a2a.CancelTaskRequest(id=event.task.id))
    assert ended.status.state == a2a.TaskState.TASK_STATE_CANCELED, ended
    for task_id, expected in ((event.task.id, TaskNotCancelableError), ("none", TaskNotFoundError)):
        try:
            await client.cancel_task(a2a.CancelTaskRequest(id=task_id))
        except expected:
            continue
        raise AssertionError(f"{task_id}: the SDK was told no {expected.__name__}")


async def a_task_is_streamed_from_its_beginning_to_its_end(clients, a2a, url):
    client = await clients(streaming=True)
    events = await all_of(client.send_message(text_of(a2a, "tck-stream-001-1")))
    kinds = [event.WhichOneof("payload") for event in events]
    assert kinds == ["task", "status_update", "artifact_update", "status_update"], kinds
    assert events[0].task.status.state == a2a.TaskState.TASK_STATE_SUBMITTED, events
    last = events[-1].status_update.status.state
    assert last == a2a.TaskState.TASK_STATE_COMPLETED, events


async def a_task_that_works_can_be_followed_until_it_ends(clients, a2a, url):
    polling = await clients(streaming=False, polling=True)
    [event] = await all_of(polling.send_message(text_of(a2a, "test-resubscribe-message-id-1")))
    assert event.task.status.state == a2a.TaskState.TASK_STATE_WORKING, event
    client = await clients(streaming=True)
    events = await all_of(client.subscribe(a2a.SubscribeToTaskRequest(id=event.task.id)))
    assert [one.WhichOneof("payload") for one in events] == ["task", "status_update"], events
    last = events[-1].status_update.status.state
    assert last == a2a.TaskState.TASK_STATE_COMPLETED, events


async def what_we_refuse_is_the_sdks_error_of_that_name(clients, a2a, url):
    from a2a.utils import errors
    client = await clients(streaming=False)
    refused = (
        (client.get_task(a2a.GetTaskRequest(id="none")), errors.TaskNotFoundError),
        (client.create_task_push_notification_config(
            a2a.TaskPushNotificationConfig(task_id="t", url="http://127.0.0.1/")),
         errors.PushNotificationNotSupportedError),
        (client.list_tasks(a2a.ListTasksRequest(page_size=101)), errors.InvalidParamsError))
    for call, expected in refused:
        try:
            await call
        except expected:
            continue
        raise AssertionError(f"the SDK was told no {expected.__name__}")


async def a_pledge_is_answered_where_the_extension_is_named(clients, a2a, url):
    from a2a.client.client import ClientCallContext
    from a2a.client.service_parameters import ServiceParametersFactory, with_a2a_extensions
    from a2a.helpers.proto_helpers import new_data_part
    from a2a.utils.errors import ExtensionSupportRequiredError
    request = a2a.SendMessageRequest(message=a2a.Message(
        message_id="m", role=a2a.Role.ROLE_USER, parts=[new_data_part({"pledge": "a line"})]))
    client = await clients(streaming=False)
    named = ServiceParametersFactory.create([with_a2a_extensions([EXTENSION])])
    context = ClientCallContext(service_parameters=named)
    [event] = await all_of(client.send_message(request, context=context))
    answer = event.message.parts[0].data.struct_value
    assert answer["discarded"] == "sender_unknown", event
    try:
        await all_of(client.send_message(request))
    except ExtensionSupportRequiredError:
        return
    raise AssertionError("a pledge was taken of a client that did not name the extension")


TESTS = (the_card_says_where_and_how_we_talk,
         a_message_becomes_a_task_that_can_be_got_and_listed,
         a_message_may_be_answered_by_a_message,
         a_task_is_canceled_once,
         a_task_is_streamed_from_its_beginning_to_its_end,
         a_task_that_works_can_be_followed_until_it_ends,
         what_we_refuse_is_the_sdks_error_of_that_name,
         a_pledge_is_answered_where_the_extension_is_named)


async def run_tests(url):
    import a2a.types.a2a_pb2 as types
    from a2a.client.client import ClientConfig
    from a2a.client.client_factory import ClientFactory

    for test in TESTS:
        print(test.__name__.replace("_", " "), flush=True)
        made = []

        async def clients(**options):
            config = ClientConfig(supported_protocol_bindings=["JSONRPC"], **options)
            made.append(await ClientFactory(config).create_from_url(url))
            return made[-1]

        try:
            await asyncio.wait_for(test(clients, types, url), SECONDS_MAX)
        finally:
            for client in made:
                await client.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, required=True, help="directory of the built programs")
    options = parser.parse_args()
    if not PYTHON.exists():
        print("SKIPPED: the A2A SDK is not installed (tools/setup.sh check brings it)")
        return 77
    if Path(sys.prefix).resolve() != PYTHON.parent.parent.resolve():
        os.execv(PYTHON, [PYTHON, __file__, "--bin", options.bin.resolve()])
    with server_under_test(options.bin) as url:
        asyncio.run(run_tests(url))
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
