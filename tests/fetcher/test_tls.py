"""TLS is verified unless a source says otherwise, by name and with its reason; what was done is kept with the capture."""

import asyncio
import hashlib
import ssl
import zlib
from pathlib import Path

import pytest

from crawler.archive.metadata import look_of
from crawler.archive.record import parse
from crawler.archive.writer import Archive
from crawler.fetcher.fetcher import Fetcher, FetchSettings
from crawler.fetcher.tls import PROFILES, context
from crawler.model import Exchange, Outcome, Route
from tests.fetcher.conftest import Faults, task
from tests.fetcher.fault_server import HTML


def ask(faults: Faults, host: str, route: Route, **settings: object) -> Exchange:
    """One exchange with a TLS host, by a route of the source."""

    async def main() -> Exchange:
        options = {"connect": faults.where.connect, "ca_file": Path(faults.where.ca), "routes": {"demo": route}, **settings}
        fetcher = Fetcher(FetchSettings("x", **options))  # type: ignore[arg-type] # a test's own keywords
        try:
            return await fetcher.fetch(task(f"https://{host}/healthy"), 20)
        finally:
            await fetcher.aclose()

    return asyncio.run(main())


def route(profile: str, host: str, **more: str) -> Route:
    """A profile for one host."""
    return Route(tls_profile=profile, tls_reason="a reason", hosts=frozenset({host}), **more)


@pytest.mark.parametrize("host", ["wrong-name.test", "expired.test", "self-signed.test", "no-intermediate.test", "old.test"])
def test_no_profile_but_insecure_lets_a_bad_certificate_pass(faults: Faults, host: str) -> None:
    for profile in ("modern", "weak-keys", "legacy-renegotiation"):
        exchange = ask(faults, host, route(profile, host))
        assert (exchange.outcome, exchange.wire) == (Outcome.TLS_ERROR, None)
        assert exchange.reach is not None
        assert exchange.reach.tls_profile == profile
    exchange = ask(faults, host, route("insecure", host))
    assert exchange.outcome is Outcome.OK
    assert exchange.wire is not None
    assert exchange.wire.tls is not None
    assert (exchange.wire.tls.verified, exchange.wire.tls.profile, exchange.wire.tls.reason) == (False, "insecure", "a reason")


def test_an_intermediate_that_is_left_out_is_taken_from_the_source_s_file_and_is_no_root_of_its_own(faults: Faults) -> None:
    host, middle = "no-intermediate.test", faults.where.intermediate
    assert ask(faults, host, route("extra-intermediate", host, certificates=middle)).outcome is Outcome.OK
    alone = ask(
        faults, host, route("extra-intermediate", host, certificates=middle), ca_file=None
    )  # the root itself is not trusted
    assert alone.outcome is Outcome.TLS_ERROR


def test_an_old_protocol_is_spoken_where_a_source_asks_for_it_and_the_capture_says_so(faults: Faults, tmp_path: Path) -> None:
    exchange = ask(faults, "old.test", route("tls-1.0", "old.test"))
    assert exchange.outcome is Outcome.OK
    archive = Archive(tmp_path, owner="test", info={})
    archive.append(exchange)
    archive.close()
    look = look_of(last_block(next(tmp_path.glob("*.gz")).read_bytes()))
    reach, said = look["reach"], look["tls"]
    assert (reach["host"], reach["guard"], reach["tls_profile"]) == ("old.test", "configured", "tls-1.0")
    assert reach["address"] == faults.where.connect["old.test"]
    assert said.pop("chain").startswith("sha256:")
    assert said == {
        "protocol": "TLSv1.1", "cipher": "ECDHE-ECDSA-AES256-SHA", "profile": "tls-1.0", "reason": "a reason", "verified": True,
    }  # fmt: skip


def last_block(archive: bytes) -> bytes:
    """The block of a WARC file's last record."""
    member = archive
    while rest := member:
        stream = zlib.decompressobj(31)
        data = stream.decompress(rest)
        member = stream.unused_data
    return parse(data).block


def test_a_profile_counts_for_the_source_s_own_hosts_alone(faults: Faults) -> None:
    exchange = ask(faults, "expired.test", route("insecure", "good.test"))
    assert exchange.outcome is Outcome.TLS_ERROR
    assert exchange.reach is not None
    assert exchange.reach.tls_profile == "modern"


def test_the_digest_is_of_the_whole_chain_as_sent(faults: Faults) -> None:
    one, two = ask(faults, "good.test", Route()), ask(faults, "chain.test", Route())
    assert one.wire is not None
    assert one.wire.tls is not None
    assert two.wire is not None
    assert two.wire.tls is not None
    host, _, port = faults.where.connect["good.test"].partition(":")
    leaf = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((host, int(port))))
    assert one.wire.tls.chain_digest == "sha256:" + hashlib.sha256(leaf).hexdigest()
    host, _, port = faults.where.connect["chain.test"].partition(":")
    leaf = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((host, int(port))))
    middle = ssl.PEM_cert_to_DER_cert(Path(faults.where.intermediate).read_text())
    assert two.wire.tls.chain_digest == "sha256:" + hashlib.sha256(leaf + middle).hexdigest()
    assert (one.wire.tls.protocol, one.wire.tls.verified, one.wire.tls.profile) == ("TLSv1.3", True, "modern")


def test_https_is_never_spoken_in_the_clear(faults: Faults) -> None:
    exchange = ask(faults, "plain.test", route("insecure", "plain.test"))
    assert (exchange.outcome, exchange.wire) == (Outcome.TLS_ERROR, None)


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_verifies_but_the_one_that_says_it_does_not(profile: str) -> None:
    made = context(None, Route(tls_profile=profile))
    assert (made.verify_mode is ssl.CERT_REQUIRED, made.check_hostname) == (profile != "insecure", profile != "insecure")
    old = profile in ("tls-1.0", "insecure")
    assert made.minimum_version == (ssl.TLSVersion.TLSv1 if old else ssl.TLSVersion.TLSv1_2)


def test_the_page_is_what_the_server_sent(faults: Faults) -> None:
    exchange = ask(faults, "chain.test", Route())
    assert exchange.page is not None
    assert exchange.page.body == HTML
