"""No address that a person, a page or a resolver gives leads into the operator's own network."""

import asyncio
import itertools
import ssl
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.routing import Route

from content.errors import Invalid, Unavailable
from integrations.guard import GuardedNetwork, Opened, is_public, system_resolve
from integrations.http import Http
from tests.fakes.clock import FakeClock
from tests.servers.running import serving

PUBLIC = ("93.184.216.34", "2606:4700:4700::1111", "::ffff:93.184.216.34", "64:ff9b::5db8:d822", "2002:5db8:d822::1")

# Written as an address may name them; every one leads to a machine that is not on the open internet.
DISGUISES = ("2130706433", "0x7f.1", "127.1", "0177.0.0.1", "①②⑦.0.0.1", "0x7f000001", "localhost")
CLOSED_V4 = (
    "127.0.0.1",
    "0.0.0.0",  # noqa: S104 - a connection to it reaches this machine
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.8",
    "192.88.99.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
)
CLOSED_V6 = (
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "2001:0:5db8:d822:0:0:80ff:fffe",
    "2001:db8::1",
    "3fff::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
)
CLOSED = CLOSED_V4 + CLOSED_V6
HOSTS = DISGUISES + CLOSED_V4 + tuple(f"[{address}]" for address in CLOSED_V6)


def client(opened: Collection[str] = (), answers: Iterable[Sequence[str]] | None = None) -> Http:
    async def told(host: str, port: int) -> Sequence[str]:
        return next(given)

    given = iter(answers or ())
    resolve = told if answers is not None else None
    return Http(clock=FakeClock(), allowed_private_hosts=opened, resolve=resolve, timeout=timedelta(seconds=5))


class Dialled(httpcore.AsyncMockBackend):
    """A network that answers every connection and remembers where it went."""

    def __init__(self) -> None:
        super().__init__([b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"])
        self.addresses: list[str] = []

    async def connect_tcp(self, host: str, *args: Any, **more: Any) -> httpcore.AsyncNetworkStream:
        self.addresses.append(host)
        return await super().connect_tcp(host, *args, **more)


async def redirect(request: Request) -> RedirectResponse:
    return RedirectResponse(request.query_params["to"])


app = Starlette(
    routes=[Route("/", lambda _: PlainTextResponse("inside")), Route("/redirect", redirect)],
)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_on_the_open_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", [*CLOSED, "fe80::1%eth0", "no address"])
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("host", HOSTS)
async def test_an_address_inside_is_refused_when_given_directly(host: str) -> None:
    http = client()
    with pytest.raises(Invalid) as fetched:
        await http.fetch("feed", f"http://{host}/")
    with pytest.raises(Invalid) as asked:
        await http.ask("anything", "POST", f"https://{host}/", write=True)
    assert fetched.value.problems
    assert asked.value.problems


async def test_the_refusal_names_the_host_its_address_and_the_cure() -> None:
    with pytest.raises(Invalid) as error:
        await client(answers=[["10.1.2.3"]]).fetch("feed", "https://intranet.example/feed")
    assert error.value.message == (
        "I don't go to that address. intranet.example: its address 10.1.2.3 is not on the open internet. "
        "Use a public web address, or ask your operator to list the host in COPYDESK_ALLOWED_PRIVATE_HOSTS."
    )


async def test_an_address_inside_is_refused_behind_a_redirect() -> None:
    async with serving(app) as base:
        http = client([base.removeprefix("http://")])
        for host in HOSTS:
            with pytest.raises(Invalid):
                await http.fetch("feed", f"{base}/redirect?to=http%3A//{host}/")


@pytest.mark.parametrize("address", CLOSED)
async def test_a_name_is_refused_when_any_of_its_addresses_is_inside(address: str) -> None:
    with pytest.raises(Invalid):
        await client(answers=[["93.184.216.34", address]]).fetch("feed", "http://rebound.example/")


@pytest.mark.parametrize("address", CLOSED)
async def test_a_resolver_that_answers_differently_the_second_time_gains_nothing(address: str) -> None:
    answers = itertools.chain([["93.184.216.34"]], itertools.repeat([address]))

    async def rebinding(host: str, port: int) -> Sequence[str]:
        return next(answers)

    network = Dialled()
    async with httpcore.AsyncConnectionPool(
        network_backend=GuardedNetwork(Opened(()), rebinding, network), max_keepalive_connections=0
    ) as pool:
        assert (await pool.request("GET", "http://rebound.example/")).content == b"ok"
        with pytest.raises(Invalid):
            await pool.request("GET", "http://rebound.example/")
    assert network.addresses == ["93.184.216.34"]


async def test_each_request_asks_the_resolver_once_and_passes_the_guard_again() -> None:
    async with serving(app) as base:
        port = base.rpartition(":")[2]
        http = client([f"desk.example:{port}"], [["127.0.0.1"], []])
        assert (await http.fetch("feed", f"http://desk.example:{port}/")).text == "inside"
        with pytest.raises(Unavailable):
            await http.fetch("feed", f"http://desk.example:{port}/")


async def test_the_next_checked_address_is_tried_when_the_first_is_dead() -> None:
    async with serving(app) as base:
        port = base.rpartition(":")[2]
        http = client(["desk.example"], [["127.0.0.2", "127.0.0.1"]])
        assert (await http.fetch("feed", f"http://desk.example:{port}/")).text == "inside"


async def test_time_is_shared_among_the_addresses() -> None:
    async def told(host: str, port: int) -> Sequence[str]:
        return ["93.184.216.34", "93.184.216.35"]

    network = Dialled()
    await GuardedNetwork(Opened(()), told, network).connect_tcp("example.org", 443, None)
    assert network.addresses == ["93.184.216.34"]


@pytest.mark.parametrize("url", ["https://example.org:22/", "http://example.org:8080/"])
async def test_a_port_that_is_no_web_port_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match="neither 80 nor 443"):
        await client(answers=[]).fetch("feed", url)


@pytest.mark.parametrize(
    ("entry", "host", "port", "open_"),
    [
        ("localhost", "localhost", 1, True),
        ("LocalHost", "LOCALHOST", 2, True),
        ("127.0.0.1:8080", "127.0.0.1", 8080, True),
        ("127.0.0.1:8080", "127.0.0.1", 8081, False),
        ("[::1]:8080", "::1", 8080, True),
        ("localhost", "127.0.0.1", 80, False),
        ("127.0.0.1", "2130706433", 80, False),
        ("example.org", "evil.example.org", 80, False),
    ],
)
def test_an_operator_opens_a_host_or_one_port_of_it(entry: str, host: str, port: int, open_: bool) -> None:
    assert Opened([entry]).has(host, port) is open_


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 64 + ".example"])
async def test_a_name_without_an_address_is_unreachable(host: str) -> None:
    async def no_address(host: str, port: int) -> Sequence[str]:
        if len(host) > 63:
            return await system_resolve(host, port)
        raise OSError(-2, "Name or service not known")

    network = GuardedNetwork(Opened(()), no_address)
    with pytest.raises(httpcore.ConnectError, match="no address"):
        await network.connect_tcp(host, 443)


@pytest.mark.parametrize(
    "url", ["ftp://example.org/", "file:///etc/passwd", "//example.org/", "http:///", "feed", "http://exa mple.org/"]
)
async def test_only_web_addresses_are_used(url: str) -> None:
    with pytest.raises(Invalid, match="no web address"):
        await client().fetch("feed", url)


@pytest.mark.parametrize("url", ["http://[::1/", "http://example.org:port/", "http://a\x00b/"])
async def test_an_address_nobody_can_read_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match="can't read"):
        await client().fetch("feed", url)


@pytest.mark.parametrize("url", ["https://ada:s3cret@example.org/", "https://ada:s3cret@[::1", "ftp://a.b/?s3cret"])
async def test_what_may_be_secret_in_a_refused_address_is_not_repeated(url: str) -> None:
    with pytest.raises(Invalid) as error:
        await client().fetch("feed", url)
    assert "s3cret" not in error.value.message


async def test_a_login_does_not_travel_unencrypted() -> None:
    with pytest.raises(Invalid, match="not encrypted"):
        await client().ask("anything", "GET", "http://example.org/", headers={"Authorization": "Bearer abc"})


@pytest.mark.parametrize("to", ["ftp://example.org/", "http://[::1/", "http://ada:s3cret@example.org/"])
async def test_a_redirect_to_what_is_no_web_address_is_refused(to: str) -> None:
    async with serving(app) as base:
        with pytest.raises(Invalid):
            await client(["127.0.0.1"]).fetch("feed", f"{base}/redirect?to={to}")


def certificate(folder: Path, name: str) -> Path:
    """A file with a key and a certificate for `name` that only itself vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signed = (
        x509.CertificateBuilder(issuer, issuer, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "certificate.pem"
    file.write_bytes(private + signed.public_bytes(encoding))
    return file


async def test_an_encrypted_connection_keeps_the_name_although_it_goes_to_an_address(tmp_path: Path) -> None:
    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        named.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    async def told(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    file = certificate(tmp_path, "desk.example")
    named: list[str] = []
    inbound = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    inbound.load_cert_chain(file)
    inbound.sni_callback = lambda _, name, __: named.append(str(name))
    async with await asyncio.start_server(reply, "127.0.0.1", 0, ssl=inbound) as listening:
        port = listening.sockets[0].getsockname()[1]
        trusting = ssl.create_default_context(cafile=str(file))
        http = Http(clock=FakeClock(), allowed_private_hosts=["desk.example"], resolve=told, tls=trusting)
        await http.ask("anything", "POST", f"https://desk.example:{port}/", write=True)
        assert named[0] == "desk.example"
        assert f"host: desk.example:{port}" in named[1].lower()
        doubting = Http(clock=FakeClock(), allowed_private_hosts=["desk.example"], resolve=told)
        with pytest.raises(Unavailable, match="cannot be reached"):
            await doubting.ask("anything", "POST", f"https://desk.example:{port}/", write=True)
