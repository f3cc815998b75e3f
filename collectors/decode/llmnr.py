"""Link-local multicast name resolution (RFC 4795): that a Windows computer is there, and its name where it answers."""

from __future__ import annotations

from agent.model.observation import ALIVE, HOSTNAME, PORT, Observations
from collectors.decode.frame import Datagram
from collectors.decode.mdns import announced, records
from collectors.decode.sighting import Sighting

LLMNR_PORT = 5355

_HEADER = 12
_RESPONSE = 0x80


def decode_llmnr(datagram: Datagram, sighting: Sighting) -> Observations:
    """A question to the group shows that its sender is alive; an answer names him where it tells his own address.

    The name that a question is about is another's, but for the sender's own test of it, which looks the same.
    """
    octets, source = datagram.payload, datagram.source
    if len(octets) < _HEADER:
        return ()
    if not octets[2] & _RESPONSE:
        return (sighting.of(source, ALIVE, "llmnr", confidence=80),) if datagram.destination.is_multicast else ()
    hosts = announced(records((octets,)), source).hosts if datagram.sport == LLMNR_PORT else ()
    names = tuple(sighting.of(source, HOSTNAME, host.removesuffix("."), confidence=60) for host in hosts)
    port = sighting.of(source, PORT, f"udp/{LLMNR_PORT}/llmnr", confidence=80)
    return (sighting.of(source, ALIVE, "llmnr", confidence=80), port, *names) if names else ()
