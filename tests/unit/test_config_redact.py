"""Device output loses its secrets and nothing else."""

from __future__ import annotations

import pytest

from agent.ports import Secret
from agent.redact import MASK, redact


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("enable secret 5 $1$mERr$hx5rVt7rPNoS4wqbXKX7m0", "$1$mERr$hx5rVt7rPNoS4wqbXKX7m0"),
        ("enable password tiger", "tiger"),
        ("username admin privilege 15 password 7 0822455D0A16", "0822455D0A16"),
        ("username admin secret 9 $9$abc/def", "$9$abc/def"),
        ("snmp-server community s3cr3t RO 10", "s3cr3t"),
        ("snmp-server host 192.0.2.5 version 2c s3cr3t", "s3cr3t"),
        ("snmp-server user u g v3 auth sha authpw priv aes 128 privpw", "authpw"),
        ("snmp-server user u g v3 auth sha authpw priv aes 128 privpw", "privpw"),
        ("tacacs-server host 192.0.2.5 key 7 1234ABCD", "1234ABCD"),
        ("radius-server key s3cr3t", "s3cr3t"),
        (" key 7 0822455D0A16", "0822455D0A16"),
        (" key plainkey", "plainkey"),
        ("  key-string 7 0822455D0A16", "0822455D0A16"),
        ("ntp authentication-key 1 md5 0822455D0A16 7", "0822455D0A16"),
        (" ip ospf message-digest-key 1 md5 7 0822455D0A16", "0822455D0A16"),
        (" neighbor 192.0.2.9 password 7 0822455D0A16", "0822455D0A16"),
        ('encrypted-password "$6$xyz$abc"; ## SECRET-DATA', "$6$xyz$abc"),
        ("snmp-agent community read cipher %^%#abc%^%#", "%^%#abc%^%#"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\n-----END OPENSSH PRIVATE KEY-----", "b3BlbnNz"),
    ],
)
def test_a_secret_in_a_configuration_line_goes(line: str, secret: str) -> None:
    assert secret in line
    seen = redact(f"interface Vlan1\r\n{line}\r\nend\r\n")
    assert secret not in seen
    assert MASK in seen
    assert seen.startswith("interface Vlan1\r\n")
    assert seen.endswith("end\r\n")


@pytest.mark.parametrize(
    "text",
    [
        "service password-encryption\nno service password-recovery\n",
        "key chain ospf\n key 1\n  accept-lifetime local 00:00:00 Jan 1 2020 infinite\n",
        "interface GigabitEthernet1/0/1\n ip access-group LW-3f9a2c1e in\n",
        "snmp-server enable traps snmp authentication\n",
        "crypto key generate rsa\n",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_known_secrets_go_wherever_they_stand() -> None:
    secret = Secret("s", {"username": "admin", "password": "pa.ss", "enable": "pa.ss+more", "community": "ro"})
    seen = redact("admin said pa.ss+more and pa.ss, from router ro", [secret])
    assert seen == f"admin said {MASK} and {MASK}, from router {MASK}"
