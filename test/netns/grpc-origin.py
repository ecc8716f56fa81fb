"""`test.Echo` by gRPC's C core: see grpc-origin.ts."""

import asyncio
import json
import sys

import grpc
import grpc.aio


def say(word):
    print(json.dumps(word), flush=True)


def echo(name):
    async def answer(request, _):
        say(name)
        return request

    return answer


async def up(requests, _):
    say("Up")
    messages = octets = 0
    async for message in requests:
        messages += 1
        octets += len(message)
    return f"{messages} {octets}".encode()


async def down(request, _):
    say("Down")
    for at in range(int(request)):
        yield f"message {at}".encode()


async def chat(requests, _):
    say("Chat")
    async for message in requests:
        yield message


async def stay(request, _):
    say("Stay")
    yield request
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        say("cancelled")
        raise


async def slow(_, __):
    say("Slow")
    await asyncio.Event().wait()


async def fail(_, context):
    say("Fail")
    context.set_trailing_metadata((("x-text", "of the trailers"),))
    await context.abort(grpc.StatusCode.ABORTED, "as asked: 100 %")


async def metadata(request, context):
    say("Metadata")
    kept = tuple((key, value) for key, value in context.invocation_metadata() if key in ("x-text", "x-octets-bin"))
    await context.send_initial_metadata(kept)
    context.set_trailing_metadata(kept)
    return request


async def main():
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", -1),
            ("grpc.max_send_message_length", -1),
            ("grpc.max_concurrent_streams", 2000),
            # A client that asks every 50 ms whether the connection lives would be thrown out.
            ("grpc.http2.max_ping_strikes", 0),
        ]
    )
    unary = grpc.unary_unary_rpc_method_handler
    handlers = {
        "Unary": unary(echo("Unary")),
        "Denied": unary(echo("Denied")),
        "Up": grpc.stream_unary_rpc_method_handler(up),
        "Down": grpc.unary_stream_rpc_method_handler(down),
        "Chat": grpc.stream_stream_rpc_method_handler(chat),
        "Stay": grpc.unary_stream_rpc_method_handler(stay),
        "Slow": unary(slow),
        "Fail": unary(fail),
        "Metadata": unary(metadata),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Echo", handlers),))
    for port in sys.argv[1:]:
        server.add_insecure_port(f"[::]:{port}")
    await server.start()
    say("listening")
    await server.wait_for_termination()


asyncio.run(main())
