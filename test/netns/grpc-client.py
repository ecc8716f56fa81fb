"""Every kind of call to `test.Echo` by gRPC's C core: see grpc-client.ts."""

import asyncio
import json
import sys

import grpc
import grpc.aio

LARGE = 100 * 1024 * 1024


def shown(metadata):
    text = [value for key, value in metadata or () if key == "x-text"]
    octets = [value.hex() for key, value in metadata or () if key == "x-octets-bin"]
    return " ".join(text + octets)


async def unary(channel, method, message, metadata=None, timeout=None):
    call = channel.unary_unary(f"/test.Echo/{method}")(message, metadata=metadata, timeout=timeout)
    reply, octets = "", 0
    try:
        value = await call
        octets = len(value)
        if octets < 1000:
            reply = value.decode()
    except grpc.aio.AioRpcError as error:
        reply = f"{error.code().name} {'' if method == 'Slow' else error.details()}".strip()
    heads = shown(await call.initial_metadata())
    return {"reply": reply, "octets": octets, "metadata": f"{heads}|{shown(await call.trailing_metadata())}"}


async def up(channel, messages, size):
    async def all_of_them():
        for _ in range(messages):
            yield b"\1" * size

    return (await channel.stream_unary("/test.Echo/Up")(all_of_them())).decode()


async def down(channel, count):
    messages, last = 0, b""
    async for message in channel.unary_stream("/test.Echo/Down")(str(count).encode()):
        messages, last = messages + 1, message
    return f"{messages} {last.decode()}"


async def chat(channel, words):
    call = channel.stream_stream("/test.Echo/Chat")()
    heard = []
    for word in words:
        await call.write(word.encode())
        heard.append((await call.read()).decode())
    await call.done_writing()
    assert await call.read() == grpc.aio.EOF
    return " ".join(heard)


async def cancelled(channel):
    call = channel.unary_stream("/test.Echo/Stay")(b"one")
    await call.read()
    call.cancel()
    return (await call.code()).name


async def together(channel, count):
    calls = [channel.stream_stream("/test.Echo/Chat")() for _ in range(count)]

    async def heard(at):
        await calls[at].write(f"call {at}".encode())
        return await calls[at].read() == f"call {at}".encode()

    good = await asyncio.gather(*(heard(at) for at in range(count)))
    for call in calls:
        await call.done_writing()
    for call in calls:
        await call.code()
    return sum(good)


async def main():
    target = f"{sys.argv[1]}:{sys.argv[2]}"
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    async with grpc.aio.insecure_channel(target, options=options) as channel:
        metadata = (("x-text", "some text"), ("x-octets-bin", bytes([0, 10, 13, 0x80, 0xFF])))
        results = {
            "unary": (await unary(channel, "Unary", b"hello"))["reply"],
            "metadata": (await unary(channel, "Metadata", b"m", metadata))["metadata"],
            "fail": await unary(channel, "Fail", b"f"),
            "up": await up(channel, 500, 10_000),
            "down": await down(channel, 500),
            "chat": await chat(channel, ["one", "two", "three"]),
            "cancelled": await cancelled(channel),
            "large": (await unary(channel, "Unary", b"\7" * LARGE))["octets"],
            "together": await together(channel, 1000),
            "deadline": (await unary(channel, "Slow", b"s", timeout=0.3))["reply"],
        }
        denied, other = unary(channel, "Denied", b"d"), unary(channel, "Unary", b"u")
        words, denied, other = await asyncio.gather(chat(channel, ["before", "after"]), denied, other)
        results["beside"] = [words, denied["reply"], other["reply"]]
    print(json.dumps(results))


asyncio.run(main())
