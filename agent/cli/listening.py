"""`listen`: one run in which nothing is sent."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.discovery import show
from agent.cli.session import Json, working
from agent.door.files import given
from agent.model.errors import BadInput, EnvironmentFault

_SECONDS = {"s": 1, "m": 60, "h": 3600}


def register(app: typer.Typer) -> None:
    """Hang the command on the root."""
    app.command()(listen)


def listen(
    ctx: typer.Context,
    interface: Annotated[str, typer.Option(help="The interface to listen on; needs root or CAP_NET_RAW.")] = "",
    duration: Annotated[str, typer.Option("--for", metavar="TIME", help="How long: 90s, 10m, 24h.")] = "10m",
    pcap: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A pcap or pcapng file instead; no root.", parser=given)
    ] = None,
    as_json: Json = False,
) -> None:
    """Find devices without one packet: what they say unasked by DHCP, ARP, mDNS, SSDP, LLDP and CDP.

    On a port to which a switch mirrors others, all of these are heard. Ctrl-C keeps what was heard. Nobody is missing
    after it: who says nothing was not scanned.
    """
    from agent.model.hearing import Hearing
    from agent.operations.listen import listen as run

    if bool(interface) == bool(pcap):
        raise BadInput("name either an interface or a file", hint="--interface eth0, or --pcap FILE")
    if interface and interface not in (name for _, name in socket.if_nameindex()):
        raise EnvironmentFault(f"there is no interface '{interface}'", hint="`ip link` lists the interfaces")
    hearing = Hearing(interface, seconds(duration), pcap)
    with working(ctx, "listen", create=True) as context:
        result = run(context, hearing)
    show(result, as_json=as_json)


def seconds(text: str) -> float:
    """Read `90s`, `10m` or `24h`; raise BadInput otherwise."""
    found = re.fullmatch(r"(\d{1,6})([smh])", text.strip())
    if not found or not int(found[1]):
        raise BadInput(f"'{text}' is no length of time", hint="write it as 90s, 10m or 24h")
    return float(int(found[1]) * _SECONDS[found[2]])
