"""Drives the test server with kurrentdbclient, a client that nobody of this project wrote.

    drive.py URL STREAM

STREAM is a ledger's stream that the store of this project has filled with entries 0, 1, 2.
"""

import sys
from uuid import uuid4

from kurrentdbclient import KurrentDBClient, NewEvent, StreamState
from kurrentdbclient import exceptions as wrong


def event(data: bytes, kind: str = "drive") -> NewEvent:
    return NewEvent(type=kind, data=data, content_type="application/octet-stream", id=uuid4())


def refused(error, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except error as e:
        return e
    raise AssertionError(f"{call.__name__} was not refused with {error.__name__}")


def main(url: str, ledger: str) -> None:
    client = KurrentDBClient(url)
    name = f"drive-{uuid4()}"

    # What the store wrote, as another client sees it.
    entries = client.get_stream(ledger)
    assert [(e.stream_position, e.data) for e in entries] == [(0, b"0"), (1, b"1"), (2, b"2")]
    assert all(e.type == "sijill-entry" and len(e.metadata) == 52 for e in entries)
    assert all(e.content_type == "application/octet-stream" for e in entries)

    # Expected revisions, one event (Append or BatchAppend) and several.
    refused(wrong.NotFoundError, client.get_stream, name)
    assert client.get_current_version(name) is StreamState.NO_STREAM
    first = event(b"first")
    client.append_event(name, event=first, current_version=StreamState.NO_STREAM)
    several = [event(b"second"), event(b"third")]
    client.append_events(name, events=several, current_version=0)
    assert client.get_current_version(name) == 2
    refused(wrong.WrongCurrentVersionError, client.append_events, name, events=[event(b"x")], current_version=0)
    refused(wrong.WrongCurrentVersionError, client.append_events, name, events=[event(b"x")], current_version=7)
    refused(
        wrong.WrongCurrentVersionError,
        client.append_events,
        name,
        events=[event(b"x")],
        current_version=StreamState.NO_STREAM,
    )
    refused(wrong.WrongCurrentVersionError, client.append_event, name, event=event(b"x"), current_version=1)

    # The same ids under the same revision: nothing new, and no refusal.
    client.append_events(name, events=several, current_version=0)
    client.append_event(name, event=first, current_version=StreamState.NO_STREAM)
    client.append_events(name, events=several, current_version=StreamState.ANY)
    assert [e.data for e in client.get_stream(name)] == [b"first", b"second", b"third"]

    # Reading in both directions, from anywhere.
    assert [e.data for e in client.get_stream(name, stream_position=1)] == [b"second", b"third"]
    assert [e.data for e in client.get_stream(name, backwards=True)] == [b"third", b"second", b"first"]
    assert [e.data for e in client.get_stream(name, backwards=True, stream_position=1, limit=1)] == [b"second"]
    assert client.get_stream(name, limit=1)[0].id == first.id

    # A subscription delivers what is there and what comes.
    with client.subscribe_to_stream(name, stream_position=0) as subscription:
        assert [next(subscription).data for _ in range(2)] == [b"second", b"third"]
        client.append_events(name, events=[event(b"fourth")], current_version=2)
        assert next(subscription).data == b"fourth"

    # Sizes.
    refused(
        (wrong.MaximumAppendSizeExceededError, wrong.InvalidArgumentError),
        client.append_events,
        name,
        events=[event(bytes(200_000))],
        current_version=3,
    )

    # Truncation, soft deletion, and what comes after it.
    client.set_stream_metadata(name, metadata={"$tb": 2}, current_version=StreamState.ANY)
    assert [e.stream_position for e in client.get_stream(name)] == [2, 3]
    client.delete_stream(name, current_version=StreamState.ANY)
    refused(wrong.NotFoundError, client.get_stream, name)
    client.append_events(name, events=[event(b"fifth")], current_version=StreamState.NO_STREAM)
    assert [(e.stream_position, e.data) for e in client.get_stream(name)] == [(4, b"fifth")]

    # Deletion for good.
    client.tombstone_stream(name, current_version=StreamState.ANY)
    refused(wrong.StreamIsDeletedError, client.get_stream, name)
    refused(
        (wrong.StreamIsDeletedError, wrong.FailedPreconditionError),
        client.append_event,
        name,
        event=event(b"x"),
        current_version=StreamState.ANY,
    )

    # Who leads.
    members = client.read_gossip()
    assert [m.state for m in members].count("NODE_STATE_LEADER") == 1
    client.close()
    print("driven")


main(*sys.argv[1:])
